// SPDX-License-Identifier: MIT
// Something of libskep that is closed once.
import {invalid} from './errors.js';

const forgotten = new FinalizationRegistry((state) => state.destroyOnce());

// Shared by a handle and the calls that run with it: destroyed when the handle is closed and the last of them has ended.
class State {
    constructor(pointer, destroy) {
        this.pointer = pointer;
        this.destroy = destroy;
        this.numCalls = 0;
        this.isClosed = false;
        this.drained = new Promise((resolve) => { this.resolveDrained = resolve; });
    }

    destroyOnce() {
        this.isClosed = true;
        if (this.numCalls !== 0 || this.pointer === null) return;
        this.destroy(this.pointer);
        this.pointer = null;
        this.resolveDrained();
    }
}

export class Handle {
    #state;
    #what;

    constructor(what, pointer, destroy) {
        this.#what = what;
        this.#state = new State(pointer, destroy);
        forgotten.register(this, this.#state, this);
    }

    // The pointer, for a call that ends at once.
    pointer(operation) {
        if (this.#state.isClosed) throw invalid(`${operation}: the ${this.#what} is closed`);
        return this.#state.pointer;
    }

    // Runs `use(pointer)`, whose promise keeps the pointer alive.
    async hold(operation, use) {
        const pointer = this.pointer(operation);
        const state = this.#state;
        ++state.numCalls;
        try {
            return await use(pointer);
        } finally {
            if (--state.numCalls === 0 && state.isClosed) state.destroyOnce();
        }
    }

    // Calls that run go on; the promise is done when they are. Closing twice is legal. What was forgotten is closed some time.
    close() {
        forgotten.unregister(this);
        this.#state.destroyOnce();
        return this.#state.drained;
    }
}
