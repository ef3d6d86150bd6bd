/** The thread that sorts a folder's tokens, see `sortApart`. */
import { workerData } from 'node:worker_threads'
import { type SortJob, sortFolder } from './suffix-array-files.ts'

await sortFolder(workerData as SortJob)
