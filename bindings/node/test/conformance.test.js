// SPDX-License-Identifier: MIT
// Runs bindings/conformance through this package, one test per case.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import process from 'node:process';
import {after, test} from 'node:test';

import {Runtime, SkepError} from '../src/index.js';
import {Calls} from './conformance_calls.js';
import {canonical} from './conformance_values.js';

const folder = process.env.SKEP_CONFORMANCE_CASES ?? new URL('../../conformance/cases', import.meta.url).pathname;
const runtime = await Runtime.create();
const scratch = fs.mkdtempSync(path.join(os.tmpdir(), 'skep-node-'));
after(async () => {
    fs.rmSync(scratch, {recursive: true});
    await runtime.close();
});

async function runStep(calls, step) {
    if (step.error) {
        await assert.rejects(() => calls.make(step), (error) => {
            assert.ok(error instanceof SkepError, String(error.stack));
            assert.equal(error.code, step.error.status);
            for (const part of step.error.message) assert.ok(error.message.includes(part), `${part} in ${error.message}`);
            return true;
        });
        return;
    }
    const answer = await calls.make(step);
    const kind = calls.on(step)?.info.keyKind ?? 'u64';
    for (const [field, value] of Object.entries(step.expect ?? {})) {
        assert.ok(field in answer, `no field ${field}`);
        assert.deepEqual(canonical(field, answer[field], kind), canonical(field, value, kind), field);
    }
}

for (const file of fs.readdirSync(folder)) {
    const {topic, cases} = JSON.parse(fs.readFileSync(path.join(folder, file), 'utf8'));
    for (const {name, requires = [], steps} of cases) {
        test(`${topic}: ${name}`, async (context) => {
            const calls = new Calls(fs.mkdtempSync(path.join(scratch, 'case-')), runtime);
            for (const requirement of requires) {
                if (!await calls.has(requirement)) return context.skip(`the device lacks ${requirement}`);
            }
            for (const step of steps) {
                try {
                    await runStep(calls, step);
                } catch (error) {
                    error.message = `${JSON.stringify(step)}\n${error.message}`;
                    throw error;
                }
            }
            await calls.end();
        });
    }
}
