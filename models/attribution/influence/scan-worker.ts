import { workerData } from 'node:worker_threads'
import { type ScanJob, scanPanels } from './scan.ts'

await scanPanels(workerData as ScanJob)
