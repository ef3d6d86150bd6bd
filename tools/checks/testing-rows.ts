import { type Check, defaultCheckPolicy, type Finding, type Row } from './check.ts'
import { Datanet } from './datanet-view.ts'

/** A good row, for tests to spoil. */
export const goodRow: Row = {
  id: 'row',
  account: 'ann',
  question: 'When is the first honey ripe?',
  answer: 'When the bees have capped most of the comb and no drop falls out of it when the frame is shaken.',
  licence: 'CC0-1.0',
}

/** Runs one check over the good row with some fields replaced, in an empty datanet. */
export const finder =
  (check: Check, view = new Datanet({ purpose: 'honey bees', policy: defaultCheckPolicy })) =>
  (fields: Partial<Row>): Finding =>
    check({ ...goodRow, ...fields }, defaultCheckPolicy, view)
