import type { Db } from '../infra/db.ts'
import type { Preference } from '../models/engine.ts'

/** What askers of a release preferred, as pairs that `engine.trainPreferences` takes, oldest first; "neither" makes no pair. */
export const preferencePairs = (db: Db, releaseId: string): Promise<Preference[]> =>
  db.query<Preference>(
    `select w.question as prompt, case p.choice when 'first' then w.answer else v.answer end as chosen,
       case p.choice when 'first' then v.answer else w.answer end as rejected
     from preferences p join alternatives v on v.answer_id = p.answer_id join answers w on w.id = p.answer_id
     where w.release_id = $1 and p.choice <> 'neither' and w.question <> '' order by p.given_at, p.answer_id`,
    [releaseId],
  )
