import { type Rule, strong, sure } from './rule.ts'

/** Patterns of talk: questions, courtesies, yes and no, what people think of an answer, help, and what is none of our business. */
export const talkRules: readonly Rule[] = [
  [
    'ask',
    sure,
    '^(?:please )?(?:ask|question (?:for|to)|frag(?:e an)?|pregunta(?:le)? a|demande à) (?:the )?_name\\b(?!.*\\b(?:from (?:here|now) on|instead))',
  ],
  ['ask', sure, '^_name ?[:,?] ?\\S'],
  ['ask', sure, '\\b(?:want|like|need|have|let|get) _name to (?:tell|explain|answer|say|describe|help)'],
  [
    'ask',
    strong,
    '^(?:can|could) you (?:explain|describe|tell me) (?:what|how|why|when)\\b(?!.*\\b(?:you|this|network)\\b)',
  ],
  ['out-of-scope', strong, '\\b(?:weather|forecast|raining|horoscope|lottery|traffic jam|stock market)\\b'],
  ['out-of-scope', strong, '\\b(?:will|does) it (?:rain|snow)\\b'],
  [
    'out-of-scope',
    sure,
    '^(?:please |pls )?(?:can you |could you |would you |i (?:want|need) you to )?(?:book|order (?:me )?(?:a|an|some|two)|play|sing|call (?:me )?(?:a|an|my)|remind me|set (?:an?|the|my) (?:alarm|timer|reminder)|turn (?:on|off|up|down) (?!_name)|draw|paint|translate|schedule|navigate|drive|cook|buy me|open the (?:door|garage|window|app)|find me (?:a|an|the)|send (?:an? )?(?:e-?mail|text|sms|message to)|make (?:me )?a (?:picture|song|video|logo))\\b',
  ],
  [
    'out-of-scope',
    sure,
    '\\bwrite (?:me |us )?(?:a|an|some|my) (?:\\w+ ){0,2}(?:poem|story|essay|script|song|e-?mail|letter|code|function|program|haiku|novel|cv|resume|speech|joke)',
  ],
  [
    'out-of-scope',
    sure,
    "\\b(?:what time is it|what day is|what(?:'s| is) the (?:time|date)\\b|price of (?:bitcoin|ethereum|gold|oil|eth|btc)|(?:buy|sell) (?:bitcoin|ethereum|crypto|stocks?|shares|btc|eth)|who won|score of|tell me (?:a|another) (?:joke|story)|(?:do|solve) my (?:homework|maths?|taxes)|(?:debug|fix|review) my (?:\\w+ )?(?:code|script|program|car)|pictures? of|flights? to|recommend (?:a|me a) (?:film|movie|restaurant|hotel))",
  ],
  [
    'greeting',
    sure,
    "^(?:hi+|hello+|hey+|hallo|hola|bonjour|moin|ciao|howdy|yo|servus|salut|greetings|good (?:morning|evening|afternoon|day)|guten (?:tag|morgen|abend)|buenos días|buenas|sup|what'?s up|how are you|how's it going|how do you do|nice to meet you|are you (?:an? )?(?:real |actual )?(?:bot|human|person|robot|ai|machine|there|alive)|who (?:made|built|are|created) you|what'?s your name)(?:\\W+(?:there|all|everyone|everybody|you|bot|friend|folks|again|today|doing|is an\\w+ there|person|human))*[\\s!.?,]*$",
  ],
  [
    'thanks',
    sure,
    '^(?:ok(?:ay)?,? |oh,? |great,? )?(?:many )?(?:thanks?|thank you|thx|ty|tysm|cheers|danke|gracias|merci|obrigad[oa]|grazie|ta|tack)\\b(?!.*\\bbut\\b)',
  ],
  [
    'thanks',
    sure,
    "\\b(?:much appreciated|appreciate (?:it|that|your)|that(?:'s| is) (?:very |so )?kind|you're the best|grateful)\\b",
  ],
  [
    'goodbye',
    sure,
    "^(?:ok(?:ay)?,? )?(?:good ?bye|bye+(?: bye)?|cya|see (?:you|ya)|so long|adi[oó]s|tschüss|ciao|auf wiedersehen|good night|farewell|au revoir|later|talk to you (?:later|soon)|(?:i'?m|i am) (?:off|out|leaving|done)(?: now| for (?:today|now))?|(?:i )?(?:gotta|got to|have to|must) (?:run|go)|that'?s (?:all|it) for (?:today|now)|until (?:tomorrow|next time)|take care)\\b(?!.*\\b(?:data|account|good)\\b)",
  ],
  [
    'yes',
    sure,
    "^(?=.{1,60}$)(?:(?:yes+|yep|yup|yeah|yea|aye|ja|oui|s[ií]|ok(?:ay)?|sure|absolutely|definitely|certainly|of course|go ahead|go for it|do it|proceed|confirm(?:ed)?|sounds (?:good|great|fine)|i agree|agreed|i do|please do|please|fine(?: by me)?|alright|all right|let'?s (?:go|do it)|make it so|you bet|why not|thing|that'?s right|klar|go|it is|do)[\\s,.!]*)+$",
  ],
  [
    'no',
    sure,
    "^(?=.{1,60}$)(?:(?:no+|nope|nah|nay|nein|non|never|no way|no thanks?(?: you)?|not (?:now|today|yet|really|at all|this time)|rather not|better not|i'?d rather (?:not|you didn'?t)|please don'?t|don'?t|do not|decline|leave it|absolutely not|certainly not|maybe later|thank you|thanks|please|it)[\\s,.!]*)+$",
  ],
  [
    'cancel',
    sure,
    "^(?:please |ok,? |actually,? )?(?:cancel|stop|abort|quit|exit|never ?mind|abbrechen|scratch that|forget (?:it|about it|that)|drop (?:it|this)|let'?s (?:drop|stop|leave) (?:it|this|that)|stop (?:it|this|that)|leave (?:this|the) (?:form|dialogue|chat)|back out|get me out)(?=$|[\\s.,!]*(?:please|this|that|it|the (?:form|dialogue|question)|$)|,)",
  ],
  [
    'cancel',
    strong,
    "\\b(?:changed my mind|don'?t (?:want to )?(?:continue|go on|carry on)|stop here)\\b(?!.*_name)",
  ],
  [
    'join',
    sure,
    "^(?:i (?:want|would like|wish) to |i'?d like to |how (?:do|can) i |can i |let me |please )?(?:join(?: in| up| the network| this network| you)?|register(?: me)?|enrol me|sign (?:me )?up|take part|be(?:come)? (?:a )?member|mitmachen)[\\s?!.]*$",
  ],
  [
    'join',
    sure,
    "\\b(?:sign (?:me )?up|register me|make me a member|become (?:a )?(?:member|part)|(?:open|create|make|get|have) (?:me )?an account|i want in|count me in$|möchte mitmachen|enrol me|unirme|m'inscrire|anmelden)\\b",
  ],
  [
    'prefer',
    sure,
    "\\b(?:(?:the )?(?:first|second|left|right|former|latter)|^a|^b|answer (?:a|b)|option _amount|number _amount|answer (?:a|b|_amount))\\b(?: (?:one|answer|reply|option|is|reads|wins|please|of the two))*.*\\b(?:better|best|wins?|prefer\\w*|nicer|clearer|please|more|over|than|of the (?:two|_amount)|stronger)\\b(?!.*\\b(?:and|model)\\b.*\\?)|\\b(?:prefer|choose|pick|take|like|i'?d take|go (?:for|with)|rather have)\\b (?:the )?(?:first|second|left|right|former|latter|a|b|option|number|answer (?:a|b|_amount|one|two))\\b(?! (?:model|different|licence|channel|role))",
  ],
  [
    'prefer',
    sure,
    '^(?:the )?(?:first|second|left|right|former|latter)(?: (?:one|answer|reply|please))+[\\s.!]*$|\\bpairwise\\b|\\b(?:compare|judge|rate)\\b.*\\b(?:two|both|_amount) (?:answers|replies|responses)\\b|\\b(?:two|_amount) (?:answers|replies)\\b.*\\b(?:side by side|each other|compare)',
  ],
  [
    'feedback',
    sure,
    "^(?!.*_name).*\\b(?:thumbs? (?:up|down)|up-?vote|down-?vote)\\b|👍|👎|\\b(?:rate|mark|flag|grade)\\b.*\\b(?:<answer>|that|it|one)\\b|^(?:(?:this|that|it|the (?:last )?<answer>|your <answer>|what an?|such an?|sorry,?|but|nope,?|no,?|yes,?|well,?) ?)*(?:(?:was|is|'s|were|really|very|so|completely|totally|absolutely|quite|pretty|just|not|an?|total|complete) ?)*(?:good|great|perfect|useful|helpful|nice|correct|right|excellent|brilliant|amazing|awesome|clear|spot on|well done|bad|wrong|terrible|useless|rubbish|nonsense|false|awful|incorrect|garbage|crap|poor|misleading|stupid|horrible|lousy|schlecht|falsch|gut|fantastic|wonderful|mist)\\b(?:,? (?:<answer>|that|this|it|job|stuff|one|at all|helped|me|a lot|you|nailed|very|exactly|what|i|needed|indeed|thanks))*[\\s.!,]*(?:$|you nailed|exactly|that helped)",
  ],
  [
    'feedback',
    sure,
    "\\b(?:(?:didn'?t|don'?t|did not) like|hate[d]?|love[d]?|liked?) (?:that|this|the|your|it)\\b(?:.*<answer>)?(?!.*\\b(?:first|second)\\b)|\\b<answer>\\b.*\\b(?:is|was) (?:\\w+ )?(?:wrong|bad|good|great|useless|false|incorrect|helpful|correct|right|perfect|terrible|excellent)\\b|\\b(?:that|it|this)(?:'s| is| was)\\b.*\\b(?:not (?:right|correct|true|helpful)|false|wrong|nonsense|rubbish|useful|helpful|what i needed)\\b|\\b(?:helped|nailed)\\b.*\\b(?:lot|it|me)\\b|^(?:love it|nailed it|exactly what i)",
  ],
  [
    'explain',
    sure,
    '^(?:why|how come|sources?|source please|says who|warum|por qué|pourquoi|why (?:this|that)(?: <answer>)?)[\\s?!.]*$|^(?:why|explain) (?:answer )?_id|\\b(?:why|how|warum) (?:did|do|does|would|sagst|can) (?:it|you|du|the model|that) (?:say|think|know|answer|claim|come|sagst|das|write)|\\bexplain (?:that|this|the(?: last)?|your(?: last)?|me that) <answer>',
  ],
  [
    'explain',
    sure,
    '\\b(?:who(?:se)?|which|what|where|whom)\\b.*\\b(?:behind|shaped?|went into|contributed to|gets paid for|come[s]? from|get (?:this|that|it) from|got (?:this|that|it) from)\\b.*(?:\\b(?:it|this|that|<answer>|what you|reply)\\b|$)|\\b(?:your|the) sources?\\b|\\battribution\\b|\\bon what (?:grounds|basis)\\b|\\bwhat makes you\\b|\\bwho is behind\\b|\\bwhere (?:does|did) (?:that|this|it|you)\\b.*\\b(?:come|get|from)\\b|\\bwhose data\\b',
  ],
  [
    'help',
    sure,
    "^(?:please )?(?:help|hilfe|ayuda|aide|menu|commands?|instructions?|manual|guide|faq)\\b(?! me (?:understand|with (?:my|a|an|the))\\b)(?:[\\s!.?]|please|me|with|$)(?!.*\\bagainst\\b)|\\b(?:list of|what|which|all) commands\\b|\\bwhat can (?:you|this(?: \\p{L}+)?|i) (?:do|type|say|write)(?: here| for me| now)?[\\s?!.]*$|\\bhow (?:does|do|can|should) (?:this|it|i use|the network|tributary|everything|you)\\b(?: \\w+)? ?(?:work|this|it|bot)?[\\s?!.]*$|\\b(?:i'?m|i am) (?:lost|confused|stuck|new|completely new)\\b|\\bwhat (?:is|are) (?:this|tributary|you for|you)\\b(?! (?:\\w+ )?(?:about|of|in|for that))",
  ],
  [
    'help',
    sure,
    "\\b(?:show me the ropes|where do i start|how do i start[?!.]*$|get(?:ting)? started|no idea what|supposed to (?:type|do)|how this (?:network|bot|thing) works|don'?t understand,? can you help|can you help(?: me)?[?!.]*$|first steps|how does (?:pledge|pledging|vote|voting|contribute|contributing|claim|claiming|propose|proposing|withdraw|deposit|delegation|feedback|linking|link|export|freeze|receipt) work)",
  ],
  [
    'unclear',
    sure,
    '^(?:_name|_amount|_id|_address|_number|\\?+|\\.+|!+)$|^(?:this|that|it|the thing|something|ok so|hm+|um+|er+|that one|this one|stuff|thing|things|so|and|well|whatever)[\\s.?!]*$',
  ],
]
