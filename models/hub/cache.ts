import { mkdir, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { BaseId } from './id.ts'

/*
 * CACHE/owner--name/
 *   refs/main              the commit that a revision was when it was fetched
 *   COMMIT/                a whole base with its manifest.json
 *   COMMIT.partial/        one that is still arriving
 */
const manifestFile = 'manifest.json'
const isCommit = (text: string): boolean => /^[0-9a-f]{40}$/.test(text)

/** Where one model's bases lie. */
export interface CachedModel {
  readonly folder: string
  /** The whole base that the revision names, without asking anybody; null where there is none. */
  whole(revision: string): Promise<string | null>
  /** From now on the revision names this commit here. */
  remember(revision: string, commit: string): Promise<void>
  /** The folder in which a commit arrives, made when absent. */
  arriving(commit: string): Promise<string>
  /** Writes the manifest and puts the folder in its place; other commits that never arrived are removed. Returns the place. */
  finish(commit: string, manifest: object): Promise<string>
}

export const cachedModel = (cache: string, { repo }: BaseId): CachedModel => {
  const folder = join(cache, repo.replace('/', '--'))
  const refOf = (revision: string): string => join(folder, 'refs', encodeURIComponent(revision))
  const partial = (commit: string): string => join(folder, `${commit}.partial`)
  return {
    folder,
    whole: async revision => {
      const commit = isCommit(revision)
        ? revision
        : await readFile(refOf(revision), 'utf8').catch(() => 'unknown')
      if (!isCommit(commit)) return null
      const place = join(folder, commit)
      return (await stat(join(place, manifestFile)).catch(() => null)) === null ? null : place
    },
    remember: async (revision, commit) => {
      await mkdir(join(folder, 'refs'), { recursive: true })
      await writeFile(`${refOf(revision)}.part`, commit, { flush: true })
      await rename(`${refOf(revision)}.part`, refOf(revision))
    },
    arriving: async commit => {
      await mkdir(partial(commit), { recursive: true })
      return partial(commit)
    },
    finish: async (commit, manifest) => {
      const place = join(folder, commit)
      await writeFile(join(partial(commit), manifestFile), `${JSON.stringify(manifest, null, 2)}\n`, {
        flush: true,
      })
      // Only a folder without its manifest can be there: not ours to keep, and in the way.
      await rm(place, { recursive: true, force: true })
      await rename(partial(commit), place)
      for (const name of await readdir(folder))
        if (name.endsWith('.partial')) await rm(join(folder, name), { recursive: true, force: true })
      return place
    },
  }
}
