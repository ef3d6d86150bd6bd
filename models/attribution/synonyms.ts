/**
 * Everyday English words that stand in for one another when somebody rewords a sentence. A ring is compared as one
 * word; the price is a little blur, which the rare words of a row make up for. No subject's own vocabulary is here.
 */
const rings = `
often frequently regularly commonly|usually generally typically normally ordinarily|sometimes occasionally
begin start commence initiate onset|end finish conclude terminate complete|stop cease halt quit discontinue
use utilise utilize employ apply usage|help aid assist support|show display exhibit demonstrate indicate reveal
make create produce generate form|get obtain acquire gain receive|give provide supply offer deliver furnish
need require necessitate necessary essential|keep retain maintain preserve|remove eliminate extract discard
increase rise grow raise boost elevate|decrease reduce lower lessen diminish decline drop|change alter modify vary adjust
big large huge great sizeable considerable substantial|small little tiny minor slight|fast quick rapid swift speedy
slow gradual|important significant crucial vital key critical major|difficult hard tough challenging|easy simple straightforward
cause reason lead trigger induce provoke bring|effect result consequence outcome impact|problem issue trouble difficulty
illness disease disorder condition ailment sickness malady|sign symptom indication|treatment therapy remedy treat cure manage management handle
doctor physician clinician|person people individual human|child kid youngster infant|patient sufferer
affect influence|check inspect examine look investigate|find discover detect identify locate|choose select pick
happen occur arise|appear emerge|become turn|call name term known|method way approach technique procedure means manner
kind type sort variety form category|part portion section piece component|place location site spot area|put place set
time period duration|year annual yearly|day daily|week weekly|month monthly|begin early|near close nearby adjacent
avoid prevent avert stop|protect guard shield defend safeguard|allow permit let enable|try attempt seek
buy purchase|sell vend|build construct assemble erect|move shift transfer relocate|send transmit|hold contain include comprise
right correct proper appropriate suitable|wrong incorrect mistaken erroneous|enough sufficient adequate ample
many numerous several multiple various|whole entire complete full total|about approximately roughly around nearly almost
mainly mostly primarily chiefly largely principally|only solely merely|also additionally moreover furthermore besides
however nevertheless nonetheless yet|therefore thus hence consequently|because since|think believe consider regard
say state tell mention report|ask enquire inquire request|answer reply respond response|see observe notice view
rare uncommon unusual infrequent scarce|common widespread prevalent|new recent novel fresh|old aged elderly ancient
strong powerful robust sturdy|weak feeble frail|safe secure|danger hazard risk peril|harm damage injure hurt injury
die death perish|live survive|eat consume feed|drink sip|food nourishment nutrition|warm hot heated|cold cool chilly
wet moist damp humid|dry arid|empty vacant|fill load|open unclosed|close shut seal|clean wash cleanse|dirty soiled
good fine beneficial favourable favorable|bad poor harmful adverse|better improve enhance|worse worsen deteriorate aggravate
work function operate|run conduct perform carry|learn study|know understand comprehend|explain describe clarify
amount quantity volume|number count figure|size dimension|cost price expense|money funds|job task duty
spread distribute disperse|collect gather accumulate|join connect link attach|separate divide split|mix blend combine
add append|cover coat|watch monitor supervise|wait delay|return revert|follow pursue|lack absence shortage deficiency
additional extra further|different distinct diverse|similar alike comparable|main principal chief|possible feasible
recommend advise suggest|ensure guarantee assure|develop evolve progress|diagnose diagnosis|origin source
inherited hereditary genetic|percent percentage pct`

type Stem = (word: string) => string
let index: Map<string, string> | undefined

/** One spelling for all the words of a ring; any other word comes back stemmed by the `stem` given. */
export function synonymOf(word: string, stem: Stem): string {
  if (index === undefined) {
    index = new Map()
    for (const ring of rings.split(/[|\n]/)) {
      const members = ring.trim().split(/\s+/).filter(Boolean).map(stem)
      const first = members[0]
      // a word of two rings stays in the first: rings never run together
      for (const member of members) if (first !== undefined && !index.has(member)) index.set(member, first)
    }
  }
  const root = stem(word)
  return index.get(root) ?? root
}
