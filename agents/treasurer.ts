import type { EpochView } from '../tools/inspect-epoch.ts'
import { policy } from './policy.ts'

/** Whether an open epoch is due: the ones before it are settled, it has lasted its time, and earned enough to be worth a root on chain. */
export const mayClose = (view: Pick<EpochView, 'age' | 'incomeUnits' | 'earlierActive'>): boolean =>
  view.earlierActive &&
  view.age >= policy.treasurer.epochSeconds &&
  BigInt(view.incomeUnits) >= policy.treasurer.leastIncome
