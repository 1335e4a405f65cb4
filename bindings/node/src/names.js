// SPDX-License-Identifier: MIT
// Names and numbers of skep.h.
import {callSync} from './errors.js';
import {native} from './native.js';

const numberOf = (fromName) => (name) => {
    const out = [0];
    callSync(fromName, String(name), out);
    return out[0];
};

export const metricNumber = numberOf(native.metricFromName);
export const dtypeNumber = numberOf(native.dtypeFromName);
export const indexNumber = numberOf(native.indexKindFromName);

// The first name of what a name means: 'euclidean' is 'l2'.
export const metricName = (name) => native.metricName(metricNumber(name));
export const dtypeName = (name) => native.dtypeName(dtypeNumber(name));
export const indexName = (name) => native.indexKindName(indexNumber(name));

export const keyKinds = ['u64', 'string'];

export const version = () => native.version();
export const statusName = (number) => native.statusName(number);
export const similarity = (metric, distance) => native.similarity(metricNumber(metric), distance);
