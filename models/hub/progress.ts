/** How far the download of a base has come. */
export interface DownloadProgress {
  /** The file that arrives now. */
  file: string
  /** Of all files together, with what was here before. */
  bytes: number
  total: number
  /** Mean over what this start fetched itself. */
  bytesPerSecond: number
}

/** Turns bytes of single files into progress of the whole; one event for every piece that the network brings. */
export const progressMeter = (total: number, tell: (progress: DownloadProgress) => void) => {
  const begun = performance.now()
  let before = 0
  let received = 0
  return {
    arrived: (file: string, here: number, fresh: number): void => {
      received += fresh
      const seconds = Math.max(1e-3, (performance.now() - begun) / 1000)
      tell({ file, bytes: before + here, total, bytesPerSecond: received / seconds })
    },
    ended: (bytes: number): void => {
      before += bytes
    },
  }
}
