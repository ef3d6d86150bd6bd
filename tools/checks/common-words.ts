import { stem } from '../../models/attribution/words.ts'

/**
 * 4,000 everyday English words, one a stem, in alphabetical order: the most frequent of 40 MB of the base model's
 * pretraining text (SOURCES.md of models/base). A table, hence the length of this file.
 */
const list = `
aaron abandoned abbey abc abi ability able abraham abroad absent absolute absorbed abstract absurd abundant
abuse academic academy accepted access accident accompanied accomplished according accordingly account
accuracy accurate accused achieve acid acknowledged acquaintance acquisition acre across act action active
actor actress actually adam adapted add added additional address admin administered administration admiral
admitted adobe adopted adult advanced advantage advent adventure advertising advice advocate affairs
affectionate afford afghanistan afraid africa african afternoon afterwards against agency agent aggregate
agile agnes ago agree agreement agricultural ahead aim air aircraft airlines airport alain alan alarm alaska
albert album alcohol alert alex alexander alexandria alfred algebraic algorithm ali alias aliases alice
alive allan alleged allen alliance allied allocation allow almond alone along alongside alpha alphabet
already alright alternative although altitude altogether always amateur amazing amber amelia amendment
america american ami amino among amongst amount amsterdam anaheim analysis analytics analyze ancestors
anderson andrew android andy angeles anger angle anglo angry animals anna anne anniversary annotations
announced anonymous another answer anthony anthropologists anthropology anti antibodies antiquity antonio
anxiety anxious anybody anyone anything anyway anywhere apache apartment api apollo app apparently appeal
appeared apple application appointment appreciate approval april arab arabia arabian arbitrary arc
archaeological archbishop architect architecture archive arctic aren argentina argued argument aristotle
arizona arms armstrong army arn arnold arose around arranged array arrested arrived arrow art arthur article
artifacts artificial artillery artist ascii ash ashamed asia asian aside asleep aspects assessment assets
assigned associated assumed assumption astronomers astronomy async ate athens atlanta atlantic atmosphere
atoms attack attended attention attitude attorney attractions attribute audience audio audit audley
augmented august augustus aunt australia australian austria austrian authentication authority auto
automatically automation autonomous autumn available avenue average aviation award aware away awesome awful
axis azure baby bachelor back background backup backwards bacon bacteria bacterial bag baker balance ball
baltic ban band bandwidth bank bar barbara barber bare barrier barry baseball based baseline basic basin
basis basketball bass batch baths battery battle bavaria bay bbc bce beach beanstalk bear beat beautiful
became become bed bedroom beer beg began begun behalf behave behavior behaviour behind beings belgian
belgium belief bell belong belt ben beneath benedict benefits benjamin bent berkeley berlin bernard besides
best bet beta better betty beverly beyond bias bible biblical bid bigger biggest bill billion billy bin
binary binding biographical biography biological biology birdalone birds birth birthday bishop bit bitter
black blade blame blanche blank blast bless blind block blog blood blow blue board boat bob bobby body bold
bond bone book bool boolean boot border bore born borough borrowed boston bottle bottom bought boulevard
bound boundary bow bowl box boy brady brain branch brand brazil bread break breakfast breakthrough breast
breath brian brick bridge brief briefly bright brilliant britain british broad broadcast broader broadway
broke broken bronze brooklyn bros brother brought brown browser bruce bucket buddhism buddy budget buffer
bug building built bulk bull bunch bundle burden bureau buried burning burst bus buses bush business butler
butter button buy bye bytecode bytes byzantine cab cabinet cable cache caesar calcium calculate calculus
calendar california callable callback calm cambridge came camera cameron camp campaign campbell campus
canada canadian canal cancel cancer candidate candle candy cannot canonical canvas canyon cap capable
capacity cape capital captain capture car carbon card cardinal care career carefully cargo caribbean carl
carolina caroline carriage carrier carson carter cartoon case cash cassandra cast castle cat catalog catch
cathedral catherine catholic cattle caught cause cavalry cave cavendish cdc cecil celebrated celestial cells
cellular celtic cemetery census center central centre century ceremony certain certainly certificate chain
chair chairman chamber champion championship chance chancellor change changefeed channel chapel chapter
character characteristics characterized charge charity charles charlie charlotte charming chart charter
chase chat cheeks cheerful cheerleaders cheese chemical chemistry cherry chess chest chicago chicken child
childhood children china chinese chips chocolate choice choose chose chosen chris christ christian christmas
christopher chronicle church cinema cipher circle circuit circular circulation circumstances cited citizens
citizenship city civic civil civilian claim clara clark class classical classification classified clause
clay clean clear clearly clergy clerk cleveland clever cli click client cliff climate clinical clinton clock
clone closer closest clothes cloud cloudformation cloudfront cloudwatch club cluster cmdlet coach coal
coalition coast coastal cockroach cockroachdb code codice coffee cognitive cognito coins cole collaboration
collapse colleagues collection college collins colonel colonies colonists color colorado colour columbia
columbus column com combat combined come comedy comfort comic comma command comment commerce commercial
commission commit committee common commonwealth communist community compact companion company comparison
compatible compete competition compile complex compliance complicated composed composition compounds
comprehensive compression compromise computer computername conceived concentration concept concerns concert
conclusion concrete condition conference confidence configuration confirm conflict confusion congo congress
connect conquered conquest conscious consciousness consecutive consensus consent conservative consists
console constant constantinople constantly constellation constitution constraints consumption contact
contemporary content context continent continental continued contract contrary contrast contributed control
controversy convenient convention conversation convert conviction convinced cook cookies cool cooperation
coordinate copilot copper copy copyright cord core corn corner corporation corps correctly corresponding
corruption cortex cosmetic cost costly cottage cotton council countenance counter country county couple
courage course court cousin cover coverage cpu cpython craft crash crazy cream creation creative creator
creature credentials credit creed creek crescent crew cricket cried crime criminal crisis criteria crops
cross crowd crown cruel cry crystal csv cubic cuisine cult cultivated culture cumberland cup curious
currency current curse curtis curve customer cut cycle czech dallas damage dan dance daniel danish dap dare
dark darling dashboard data database dataset datashare date daughter dave david davis dawn dax day dead deaf
deal dean dear death debate debt debug debugger debut decades decay december decided decimal decision deck
declared dedicated deemed deep deeper deeply def default defeated defence defense defined definition degree
del delete delhi deliberately delicate delight delivery delta demand democracy democratic denied denmark
dense density dental dentist department departure depending depicted deploy deployment depression depth
deputy der derived des descendants descent described description desert design desire desk desktop despite
destination destroyed destruction details determine dev development device devil devoted diagnosis diagram
dialect dialogue diameter diamond dick dict dictionary died diego diet different digital digitalgov dignity
dimensional dining dinner dioxide diplomatic directed directly director directory disable disappeared
disaster disc discharge discipline discount discovery discrimination discussed dish disk dismissed disney
dispute dissolved distance distant distinguished distribution district divine division dna dns doc docker
doctor doctrine document documentary dodd dodo dog dole dollars domain dombey domestic dominant donald dont
door dorothy dot double doubt douglas download downtown draft dragon drama dramatic drawing drawn dream
dress drew drink drive driven driver drove drug drum dry dual dublin duchy duck due duke dull dumbo dust
dutch dying dynamic dynamodb dynasty eager eagerly eagle ear earl earlier earliest early earned earnest
earth earthquake ease easier easily east eastern eat eaten ebs echo eclipse economic economists economy
eddie edgar edge edit edith editor edmund education edward efficient effort eggs egypt egyptian eight
elaborate elastic elder eldest eleanor election electoral electric electromagnetic electrons elementary
elements eleven eligible elinor elisabeth elite elizabeth ellen ellis elsewhere elsmere email embedded
emerson emily emission emitted emmy emotion emperor emphasis empire employees employment empty encoding
encountered encouraged encryption end endpoint endymion enemy energy enforcement engaged engine england
english enjoy enormous enough enslaved ensure enter enterprise entertainment enthusiasm entitled entity
entrance entrepreneurs entropy entry envelope environment environmental enzymes epic episode equal equation
equilibrium equipment equivalent era eric ernest error escape especially espn essay est established estate
esther estimated etc ethel ethical ethnic etymology euclidean eugene euro europe european evaluation eve
even event eventbridge eventually everybody everyday everyone everything everywhere evidence evil evolution
evolutionary exact exactly example exceed excellent except excess exchange excited exclaimed exclude
exclusive excuse exec execution exercise exile existing exit expanded expansion expected expedition
experience experienced experimental expertise experts explanation explicit explicitly explore export exposed
exposure expression extended extension extent external extraordinary extremely eyes face facebook facilitate
facilities fact factors factory faculty fahrenheit failed failure faint fair fairly faith fall fallen false
fame familiar family famous fan fancy fanny fantastic fantasy far farfrae farm farmers farther fashion fast
faster fat fatal fate father fault favorite favourite fear features february fed federal fee feedback feel
feet felix fell fellow felt female feminist festival fetch fever fewer fiction field fifteen fifth fifty
fight fighter file filename film filter final finance financial find fingers finite finland fire firm first
fish fit five fixed flag flash flat flavor fled fleet flesh flexible flight floating flood floor flora
florence florida flow flowers fluid fly focus focused fog folder folk following fond foo food fool foot
football forbidden force ford forecast foreign forest forever forget forgive forgot forgotten fork formal
format former formerly formula fort forth fortress fortune forty forum forward fossil foster fought found
foundation founder four fourier fourth fox fraction fragments frame framework fran france franchise francis
francisco franco frank franklin fred frederick free freedom freely fremont french frequency fresno friday
friend friendly friendship frightened front frontier frozen fruit fuel fully fun fundamental funeral funny
fur furniture fusion future gabriel galaxy gallery game gameplay gamma gang gap garden gary gas gases gate
gateway gave gay gdp gender gene general genesis genetic genius genome genre gentle gentleman gentlemen
gently genuine genus geographic geography geological geometry george georgia gerald german germany get ghost
giant gift gilbert ginger giovanni girl git github give given glad glance glass global globe glory glucose
gnu goal god goddess goes going gold golden goldwyn gone good goodbye google gordon gospel got gothic gov
government governor gpu grace grade graduate graham grain grammar grand grandfather grandmother grant graph
graphics grass grave gravitational gravity gray great greater greatest greatly greece greek green gregory
grew grey grid grief ground group grown growth gsa guardian guess guest guidance guide guidelines guilty
guinea guitar gulf gun guy habit hadria haha hair half hall hamilton hamlin hand handsome hang hans happy
harbor hard hardie hardly hardware harold harrison harry harsh hart harvard harvey hash hat hate haven
hawaii head header headquarters health healthcare healthy hear heard heart heaven heavily heavy hebrew
height heir held helen helium hell hello help hemisphere henchard henry herbert heritage hero herself hey
hidden hide hierarchy high higher highest highlands highly highway hilary hill himself hip hired historians
historical history hit hitler hockey hole holiday hollow hollywood holmes holy home honest hong honor honour
hook hoover hop hope horizon horizontal hormones horn horrible horror horse hospital host hot hotel hours
house household howard however html http hub hudson hugh humidity hundred hundreds hung hungarian hungary
hunter hunting husband hybrid hydrogen hypothesis iam ian ibm ibn ice iceland icon idea ideal identification
identity ideology idle idp ids ignored illegal illinois illustrated image imagine immediately immense
immigrants immune imperial implementation implications implicit implicitly implies imposed impossible
impressive impulse inbound inc inches incident inclined includeopen includeprod including inclusion income
incorporated increase increasingly incremental indeed independent index india indian indigenous indo
industry infantry infection inference infinite inflation influence influential info information infrared
infrastructure ingredients inhabitants init inline inn inner innocent innovation input insert inside
insights insisted inspired install instance instant instantly instead institute instructions instrument
insurance int integer integration intel intellectual intelligence intended intense intention inter
interactions interest interface interference interior intermediate international internet interpretation
interrupted intersection interval intervention interview introduced introduction invaded invalid invasion
invented inventory investment investors invited invoice invoke involved ion iowa ipv iran iraq ireland irish
iron isaac islamic island iso isolation isotopes israel israeli italian italy items iteration ivory jack
jackson jacob jacques james jan jane january japan japanese jar jason java jay jazz jean jeff jefferson
jennifer jerry jersey jerusalem jesus jet jewish jews jim jimmy joan job joe joel johann john johnny johnson
joint jon jonathan jones jordan jos jose joseph journal journalist journey joy json juan judaism judge
judgment judicial juice julia julian julius july jump june junior jupiter jurisdiction jury justice
justified kafka kane kansas karl kate katharine keen keep keith kelly kennedy kent kentucky kept kernel
kevin key keyboard keyword khan killed killer kilometers kindly king kingdom kiss kitchen kitty kms knees
knew knife knight knot know knowledge kong korea korean kubernetes lab label labor laboratory labour lack
lady laid lake lambda lamp land landmark landscape lane language larger largest larry las laser last late
latency later latest latin latte latter laughed laughter launch laundry laura law lawrence lawyer lax lay
layer layout leader leadership leaf league leap learn least leave led ledger lee left legacy legal legend
legendary legislative legislature legitimate legs length lens leo leonard les leslie less lesser lessons
letter level lewis liberal liberty library license lie lies lieutenant life lifecycle lifetime lift light
lighter lightning like likewise limbs limited lincoln line linear linguistic linux lion lips liquid list
listen literal literary literature lithuania little live liver lloyd load loader local lock locker log logic
login lol london lonely long longer longest look loop loosely lord los lose loss lost lot loud louis louise
love lover low lower lowest loyalty lucilla luck lucky lucy luke lunar lunch luxury lying lyon lyrics mac
machine machinery macos macro mad madame made madison magazine magic magnetic magnificent magnitude maid
mail main mainland mainstream maintenance make malaysia malcolm male mamma man management manchester
mandatory manhattan manifest manually manufacturing manuscript many map marbles march margaret marginal
maria mariadb marian marine mario marion maritime marjoribanks mark market marketplace marriage married mars
marshall martha martin marvel mary maryland mason mass massachusetts massive master match material math
mathematics matrix matt matter matthew mature max maximum maybe mayor mcdonald meal meaningful meant
meanwhile measure meat mechanism medal media median medical medicine medieval mediterranean medium meet
melancholy melbourne members membership membrane memory men mental menu merchant mercury mercy merely merged
merger message met meta metadata metal meters metrics metro metropolitan mexican mexico mfa michael michigan
mickey micro microsoft mid middle midnight migration mike mild miles military milk milky mill millennium
miller million millions min mind mine mineral minimal minimum minister ministry minutes mirror miserable
misery miss missile mission mississippi missouri mistake mistress mitchell mixture mobile mocha mode model
moderate modern modest modification module molecular molecules moment momentum monarch monarchy monastery
monday monetary money monopoly monster montfort month monument mood moon moore moral morgan morning morocco
morris morrow moscow moses mostly mother motion motivation motor mount mountain mouse mouth moved movement
movie mrs mud muhammad multi multiply municipal murder murray muscle museum music musician muslim mutual
myself mysql mystery myth mythology naked name namespace nancy napoleon narrative narrow nasa nat national
native nato natural naval navigation navy nay nazi near nearer nearest necessarily necessity neck need
negative neighborhood neighboring neil nelson neo nephew nerve nervous nested net netherlands network
neurons neutral never new newer newly newspaper newton next nfl nicaragua nice nicholas nick nickel nickname
nigeria night nine nineteenth ninth nitrogen nixon nobel nobility noble nobody node noir noise nominated non
none nonsense nope norman norms norse north northeast northern northwest norway norwegian nose notable
notation note notebook nothing notification notion noun nova november nuclear nuclei nucleus null number
nurse oak oakland oath obama object obliged observatory obvious occasion occupation occupied occurs ocean
october odd offensive office official often ohio oil okay oklahoma old older oldest oliver olympic omitted
ones ongoing online ontario onward open openssl opera opinion opponent opportunity opposed opposite optical
optimization options oracle oral orange orbit orchestra order ordinary oregon org organisation organization
oriented orleans orthodox oscar oswald others otherwise otto ottoman ought ounces ourselves outbound
outbreak outer outposts output outside overall overcome overhead override overseas overview owned owner
ownership oxford oxidation oxygen pace pacific pack package packet pagan page paid pain painter painting
pair pakistan palace pale palm pan pane panel panther papa papacy papal paper parallel parameter paramount
pardon parents pareto paris parish park parker parliament parliamentary part partial participants particles
particular particularly partition partly partners partnership party passage passed passenger passion
password past pat patch patent path patient patrick patriots pattern paul pause pay payment pdf peace peak
pearl peculiar pen pending peninsula pennsylvania people pep per perceived percent perception perfect
perfectly perhaps perl permanent permissions perry persian persistent personnel perspective persuaded peru
pet peter phase phenomena phenomenon phil philadelphia philip philippines philosopher philosophy phoenix
phone photos php phrase physical piano pickup pictures pie pierre pilot pink pioneer pip pipe pipeline pitch
pity pizza place placement plain plan plane planet planetary plants plasma plastic plate plateau platform
plato play player plaza pleasant pleased pleasure plenty plot plural plus pocket pods poem poet poetry point
pointer poland polar pole police policy polish political politicians poll pollen pollution pool poor pop
pope popular population port portland portrait portrayed portugal portuguese position possession possible
post postgresql potential potter pounds poverty power powershell practice practitioner praise pray prayer
pre preceding precious precipitation precision predecessor predicted predominantly prefer prefix premiered
premises prepared prerequisites presence present president presidential press pressure pretty prevent
preview previous previously pride priest primary prime primitive prince princess principle print printer
prior priority prison privacy private privileges prize pro probably problem proceed proceeded process
processor prod production profession professional professor profile profit program programme prohibited
project prominent promise promote prompt pronounced proof properly property prophet proportion proposed
prosperity protection proteins protestant protocol prototype proud proved proven province provincial
provisional provisions proxy prussia prussian pssession psychological psychologist public publicly published
puerto pull pulse pump punishment pure purple purpose pursuit push puzzle pyobject pypi python qualified
quality quantum quarter quarterback queen query quest question queue quickly quicksight quiet quietly quite
quotas quotation quote rabbit race rachel racial radiation radical radio radioactive radius rail railroad
railway rain rainfall ralph ram ran random range rank rapidly rare rate ratio rational rationale raw ray
raymond rds reach reaction read reader readily ready real reality realized really realm rebecca rebellion
reboot recall reception recession recognised recognition recognized record recovered recovery recurring red
redshift reduction reed reference referenced reflected reform refresh refuge refugees refused regardless
regime regiment region register registration registry regret regular regulations reign rejected related
relationship relatively released relevant reliable relief religion religious rely remainder remained remake
remarkable remember remote remove renaissance renamed rendering rent rental repair repeated repeatedly
replaced replica replication repository represent representation republic republican reputation request
rescue research reservation residents resigned resistance resolution resolved resort resources respect
respiratory rest restart restaurant restore restrictions result resumed retention retired retrieve return
revelation revenge revenue reverse review revised revival revolt revolution revolutionary reward rfc rice
rich richard ride rider right rigid ring risk ritual rival river road rob robert robin robinson rock rocket
rocky rod roger role rolling roman romance romantic rome ron roof room roosevelt root rope rosa rose ross
rotation rough round route row roy royal rubber ruby rule ruler run runtime rupert rural rush russell russia
russian rust ruth ryan sacramento sacred sacrifice sad safety sagemaker sahara said sail saint sake sales
sally salon salt sam saml sample samuel san sand sang santa sarah sat satellite satisfaction satisfied
saturday saturn sauce saudi savage save saw saxon scale scan scandal scattered scenario scene schedule
schema scheme scholars scholarship school science scientific scientists scope score scotland scots scott
scottish screen screenplay script scriptblock sdk sea search season seat seattle second secondary secret
secretary sector secular security see seed seemed seen segment seized seldom self sell semantics semi senate
send senior sensation sense sensitive sensory sent sentence sentiment separate september sequel sequence
serial series serious seriously servants served server service session set settled settlement settlers setup
seven seventh sex sexual sfo shadow shallow shame shape shared sharp sheep sheet shell shelter shining ship
shirts shock shoes shook shooting shop shore short shorter shortly shot shoulder shouldn show shown shut
side sidney siege sierra sight sign signal signature significantly silence silent silk silver similar
similarly simon simple simpler simplest simply simultaneously sin since singapore singer singing single
singular sink sir sister sitcom sitting situation six sixth size sketch skills skin skip skull sky slave
slavery sleep slightly slope slot slow slowly smaller smallest smart smell smile smith smoke smooth sms
snapshot snow sns soap soccer social socialist society socrates sodium soft software soil solar sold
soldiers solid solo solomon solution solve somebody somehow someone something sometimes somewhat somewhere
son song sony soon sooner sophisticated sorrow sorry sought soul sounds soundtrack soup source south
southeast southern southwest sovereign sovereignty soviet space spacecraft spain spam spanish spare sparsit
speak speaker spec special species specific specify spectrum speech speed spelling spend spent sphere spin
spinal spirit spiritual spite spoke spoken sports spring spy sql square squire sri ssh ssl stability stable
stack stadium staff stage stairs stakeholders stand standard stanford stanley stars startup statement static
station statistics status stay steadily steady steam steel stem step stephen stern steve steven stewart
stick still stock stone stood storage store storm story str straight strain strait strange stranger
strategic strategy stream street strength stress stretched strict strictly strike string strip stroke
stronger strongly struck structure struggle sts stuart students studio stuff stupid style sub subject
submarine submitted subnet subscription subsequent subset substance subtitles succeed succeeded successful
successfully successor sudan sudden suddenly sudo sugar suggested suicide suit sulfur sum summary summer
summit sun sunday sung sunlight sunset sunshine super superhero superior supernatural supper suppose supreme
sure surface surgery surplus surprised surrounding survey susan suspected suspended sweden swedish sweet
swimming swiss switch switzerland sword sydney sylvia symbol symmetric sympathy symphony syndrome syntax
synthesis synthetic syria sys system systematic tab table tactics tags tail taiwan take taken tale talent
talk tall tank taos tape target taste taught tax taylor tea teacher teaching team tears tech technical
technology ted teeth telecommunications telephone telescope television tell temper temperature template
temple temporarily temporary ten tend tendency tender tennessee tennis tens tension terminology terrain
terrible territory terror terry test testament testimony texas text thanks thats theater theatre theatrical
thee theme themselves theodore theology theorem theoretical theory thereafter thereby therefore thermal
thesis thick thin things think third thirteen thirty thomas thompson thoroughly thou thought thousand
thousands thread threat threatened three threshold threw thriller throat throne throughout throughput throw
thrown thrust thursday thy tickets tie ties tiger tight till tim time timeout timestamp tin tip tired tissue
title tls tobacco today together token tokyo told tom tomb tommy tomorrow tone tongue tons tony took tools
top topic topology toronto total touch tour tourism tourist tournament towards tower town toys trace track
tract trade traditional traditionally traffic tragedy trail training traits transaction transform transition
translation transmission transparent transport trap travel treasure treaty tree trends trial triangle tribal
tribes tribute tried trilogy trip triple triumph troops tropical troubleshooting true truly trump trust
truth try ttl tts tube tuesday tuning tuple turing turkey turkish tutorial twelve twentieth twenty twin
twitter two txt type ultimately unable uncertain uncertainty uncle unclear unconscious underground
underlying understood unemployment unexpected unfortunately unhappy unicode unified uniform union unique
unisex united unity university unix unknown unless unlike unsuccessful update upgrade upload upper upward
urban urdu uri url ursula usa usability use username users utf vacuum vague vain valid valley valuable value
valve van vancouver vanilla variable variance variant variations vast vat vavasor vector vegas vegetables
vehicle velocity vendor venture venue verbose verify version versus vertical vessels veterans via vice
victims victor victoria victory video vienna vietnam viewer villa village vincent violence violent viral
virgin virginia virtual virtue virus visible vision visit visitors visual vitamin vocal voice volcanic
voltage volunteer von vote voters voyage vpc wages wait wake wales walk walker wall wallace walt walter want
war ward warehouse warfare warner warning warren warrior warsaw washington waste watch water wave way wayne
weak wealth wealthy weapons wear weather web website wedding wednesday week weekend weight welcome welfare
well welsh went west western whale whatever wheat wheel whenever whereas whilst whispered white wicked wide
wider widow width wife wifi wild wilhelm william willing wilson win wind windows wine wing winner winter
wire wisconsin wisdom wise wish witch withdrew witness wives wizard wolf woman women won wonder wood wooden
word wore work workers workflow workforce workload world worldwide worn worse worship worst worth worthy
wounded wow wrangler wright write writer written wrong wrote www xgboost xml yards yea yeah years yellow yep
yes yesterday yield york young younger youngest yourself youth yup zakat zambia zealand zero zip zone`

export const commonStems: ReadonlySet<string> = new Set(list.trim().split(/\s+/).map(stem))
