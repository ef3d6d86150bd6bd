/** Words that mean the same here, under one name: few examples then teach many wordings. */
const concepts: Readonly<Record<string, string>> = {
  yes: 'yes yep yeah yup yea aye ja oui si sí sure ok okay absolutely certainly definitely',
  no: 'no nope nah nay nein non never',
  favour: 'favour favor support supporting approve agree accept endorse stimme voto pro',
  against: 'against oppose reject contra disapprove veto decline dagegen contre',
  vote: 'vote voting votes voted ballot ballots poll polls abstimmen stimmen voter votar stimme',
  money: 'money tokens token coins coin credit credits funds cash dough geld dinero argent bucks',
  balance: 'balance balances prepaid saldo guthaben solde',
  wallet: 'wallet wallets metamask ledgerwallet address purse',
  earn: 'earn earned earns earning earnings reward rewards income payout payouts verdient verdienst ganado gané revenue royalties paid profit made',
  payout: 'claim claims cash redeem collect payout auszahlen cobrar cashout',
  topup: 'deposit deposits top topup recharge refill reload load charge fill lade aufladen recargar',
  pledge:
    'pledge pledges back fund invest sponsor prepay commit chip behind finance crowdfund stake contribute_money',
  give: 'contribute contribution contributions give donate submit share upload add provide supply teach beitragen contribuer aportar',
  data: 'data rows row entries examples faq file csv pdf document documents dataset knowledge spreadsheet daten datos données jsonl material',
  sent: 'sent submitted submission submissions uploaded gave contributed',
  checked:
    'accepted refused rejected passed checked verdict reviewed curated approved declined checks curator refusal rejection',
  take: 'withdraw retract remove delete undo pull rescind revoke zurückziehen',
  erase:
    'erase delete wipe purge forget forgotten destroy erasure remove gdpr dsgvo löschen lösche supprimez supprimer borrar borra obliterate',
  all: 'all everything everybody everyone entire whole completely every complete alles alle tout toutes todo todos',
  export:
    'export download copy archive dump takeout backup zip json portability exportiere exportieren descargar télécharger',
  link: 'link connect pair tie attach merge join associate verknüpfe verbinde vincular relier bind',
  platform: 'discord telegram website platform platforms web chat',
  training:
    'training trained train tuning tune run trainer loss curve epoch epochs step fine-tuning finetuning',
  when: 'when eta long far progress finished done',
  receipt: 'receipt receipts invoice bill signature signed quittung recibo reçu beleg',
  proof: 'proof prove evidence verify merkle',
  ledger: 'ledger log audit trail hauptbuch chain history record recorded',
  event: 'event events entry entries',
  freeze: 'freeze close end stop finish enough quota complete beenden',
  gather: 'gathering collecting collection gather collect accepting',
  news: 'news notices notifications notification notice unread messages updates neuigkeiten novedades missed miss new inbox alerts',
  help: 'help hilfe ayuda aide instructions menu commands manual guide tutorial lost confused newbie faq_help',
  stop: 'cancel stop abort quit nevermind abbrechen exit drop forget scratch',
  join: 'join register sign signup account member enrol enroll registrieren mitmachen',
  hello: 'hi hello hey hallo hola bonjour moin morning evening afternoon greetings howdy yo ciao',
  thanks: 'thanks thank thx cheers danke gracias merci appreciate appreciated ta obrigado grazie',
  bye: 'bye goodbye cya adios tschüss wiedersehen farewell ciao later',
  delegate: 'delegate delegation proxy represent representative delegieren behalf mandate',
  review: 'appeal review reviewer dispute object objection complain unfairly contest human mistaken overturn',
  setup:
    'setup configure config install settings admin server channel channels group role roles administrator announcements digest',
  other:
    'others someone somebody else everybody everyone people members users other neighbour neighbor boss friend colleague his her their theirs anyone another',
  private: 'private email emails phone personal real identity identities addresses messages',
  override:
    'ignore disregard override bypass pretend jailbreak developer root administrator sudo system prompt instructions rules restrictions verbatim unrestricted skip disable unlocked vergiss confirmation',
  good: 'good great perfect useful helpful love nice correct excellent brilliant amazing awesome clear helped spot right accurate 👍 ❤ gut',
  bad: 'bad wrong terrible useless rubbish nonsense false awful incorrect garbage crap poor misleading stupid hated dislike 👎 schlecht falsch',
  reply: 'answer answers reply replies response output antwort respuesta réponse',
  source: 'source sources where comes origin attribution behind shaped basis grounds quellen',
  first: 'first left a former',
  second: 'second right b latter',
  better: 'better prefer nicer clearer best rather wins compare pairwise choose winner',
  model: 'model models assistant assistants modell modelle modelos modelo modèle modèles bot',
  switch: 'switch change use talk choose set pick select nimm instead another different',
  propose: 'propose proposal suggest create start build new idea vorschlagen proposer launch found',
  cost: 'cost costs price prices pricing much charge fee fees',
  show: 'show list see view display get give tell look open zeig muestra montre let',
  what: 'what whats which was welche qué quels wie how where who',
  mine: "my mine me i i'm i've meine mein mir mis moi mes meiner",
  weather: 'weather rain sunny forecast snow wind',
  service:
    'book order play remind alarm timer email call taxi flight pizza table draw picture pictures song music jazz translate poem joke python javascript code homework lights bitcoin ethereum stock stocks buy sell movie film game news_world restaurant hotel script remind essay',
}

const byWord = new Map<string, string[]>()
for (const [concept, words] of Object.entries(concepts))
  for (const word of words.split(' ')) byWord.set(word, [...(byWord.get(word) ?? []), `#${concept}`])

/** The concepts of a word, the most telling first; empty for most words. */
export const conceptsOf = (word: string): readonly string[] => byWord.get(word) ?? []
