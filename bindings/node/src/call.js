// SPDX-License-Identifier: MIT
// Calls that may be stopped: by an AbortSignal, a time limit, or a progress function that returns false.
import koffi from 'koffi';

import {CANCELLED, callAsync, callSync} from './errors.js';
import {fill, native, progressType, structs} from './native.js';

const nanoseconds = (milliseconds) => BigInt(Math.max(1, Math.round(milliseconds * 1e6)));

// args(call): the arguments up to the error, `call` being skep_call_options or null. options: signal, timeout (milliseconds
// from now; 0 has passed), progress(done, total).
export async function callStoppable(native_call, options, args) {
    const {signal, timeout, progress} = options ?? {};
    if (!signal && timeout === undefined && !progress) return callAsync(native_call, args(null));

    let thrown;
    const fields = {};
    const ends = [];
    try {
        if (timeout !== undefined) fields.timeout_ns = nanoseconds(timeout);
        if (progress) {
            const ask = (_, done, total) => {
                try {
                    return progress(Number(done), Number(total)) === false ? 1 : 0;
                } catch (error) {
                    thrown = error; // nothing may be thrown through C: the promise tells it
                    return 1;
                }
            };
            const callback = koffi.register(ask, progressType);
            ends.push(() => koffi.unregister(callback));
            fields.progress = callback;
        }
        if (signal) {
            const out = [null];
            callSync(native.cancelCreate, out);
            const trigger = () => native.cancelTrigger(out[0]);
            ends.push(() => native.cancelDestroy(out[0]));
            if (signal.aborted) trigger();
            signal.addEventListener('abort', trigger);
            ends.push(() => signal.removeEventListener('abort', trigger));
            fields.cancel = out[0];
        }
        const causeOf = (status) => (status === CANCELLED && signal?.aborted ? signal.reason : thrown);
        return await callAsync(native_call, args(fill(structs.callOptions, fields)), causeOf);
    } catch (error) {
        // What the rest of JavaScript looks for when a signal ended something.
        if (error.number === CANCELLED && signal?.aborted) error.name = 'AbortError';
        throw error;
    } finally {
        ends.reverse().forEach((end) => end());
    }
}
