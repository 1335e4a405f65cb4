// SPDX-License-Identifier: MIT
export {Collection, Filter} from './collection.js';
export {SkepError} from './errors.js';
export {convert, describeFile, groundTruth, readVectors, recall, writeVectors} from './evaluation.js';
export {Hits, RangeHits} from './hits.js';
export {dtypeName, indexName, metricName, similarity, statusName, version} from './names.js';
export {Rows} from './rows.js';
export {Runtime} from './runtime.js';
