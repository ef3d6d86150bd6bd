import { parentPort } from 'node:worker_threads'
import { isFault } from '../infra/errors.ts'
import type { Block } from './files-blocks.ts'

// Each reader loads a library of its own, some 300 ms; a thread needs one of them.
const readers = {
  pdf: async (bytes: Uint8Array) => (await import('./files-pdf.ts')).pdfBlocks(bytes),
  docx: async (bytes: Uint8Array) => (await import('./files-docx.ts')).docxBlocks(bytes),
}

/** What the thread that reads documents is given, and what it answers. */
export interface ReadOrder {
  readonly kind: 'pdf' | 'docx'
  readonly bytes: Uint8Array
}
export type ReadAnswer =
  | { readonly blocks: readonly Block[] }
  | { readonly code: string; readonly message: string; readonly fix: string }
  | { readonly broken: true }

const read = async ({ kind, bytes }: ReadOrder): Promise<ReadAnswer> => {
  try {
    return { blocks: await readers[kind](bytes) }
  } catch (error) {
    return isFault(error) ? { code: error.code, message: error.message, fix: error.fix } : { broken: true }
  }
}

parentPort?.once('message', (order: ReadOrder) => {
  read(order).then(answer => parentPort?.postMessage(answer))
})
