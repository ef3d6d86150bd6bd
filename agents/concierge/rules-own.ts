import { type Rule, strong, sure } from './rule.ts'

/** Patterns of what belongs to somebody: attacks, what is of others, and the commands over one’s own account and vote. */
export const ownRules: readonly Rule[] = [
  [
    'unlink',
    sure,
    '^unlink|\\b(?:unlink|disconnect|detach|separate|cut|unpair)\\b.*\\b(?:wallet|discord|telegram|web|accounts?|it)\\b|\\bremove (?:my )?(?:wallet|discord|telegram)\\b',
  ],
  [
    'setup',
    sure,
    '\\b(?:set ?up|configure|config(?:uration)?|install|get) .*\\b(?:bot|server|channel|group|roles?|guild|here)\\b(?! for everyone)',
  ],
  [
    'setup',
    sure,
    '^/?(?:set ?up|admin(?: settings)?)$|\\b(?:which|what|pick an?|choose an?|select an?) (?:channel|role)s?\\b|\\b(?:announcements?|digests?|updates|post|put|send) .*(?:#\\p{L}|channel)|\\b(?:server|group|guild)\\b.*\\b(?:language|german|english|french|spanish)\\b|\\blanguage\\b.*\\b(?:server|group|guild)\\b|\\badmin(?:istrator)? (?:of|settings|here)|\\bconfigure roles\\b',
  ],
  ['delegate', sure, '\\b(?:delegat\\w+|delegier\\w+|delegar|proxy (?:vote|voting)|vote by proxy)\\b'],
  [
    'delegate',
    sure,
    '\\b(?:vote|ballot|polls?|voting|decide)s?\\b.*\\b(?:for me|in my (?:name|place|stead)|on my behalf|instead of me)\\b|\\brepresent(?:ative)?\\b.*\\b(?:me|my|votes?|polls?)\\b',
  ],
  [
    'delegate',
    sure,
    '\\b(?:give|hand|transfer|assign|lend|pass|entrust|cede)\\b.*\\bmy (?:votes?|voting (?:power|rights?)|ballots?|say)\\b.*\\bto\\b',
  ],
  [
    'review',
    sure,
    '\\b(?:appeal|dispute|contest|complain(?:t)?|object(?:ion)?|overturn|second opinion|human (?:review|check|look|eyes?)|real person|reviewers?|review (?:queue|exam|items?|tasks?)|(?:items?|rows?|something|things) to review|unfair(?:ly)?|review (?:other|some)|be(?:come)? a reviewer|einspruch)\\b(?!.*\\bof honey)',
  ],
  [
    'review',
    sure,
    '\\b(?:check|curator|verdict|decision|refusal|rejection)\\b.*\\b(?:was|is) (?:wrong|mistaken|a mistake|unfair|an error)|\\b(?:human|person|somebody|someone)\\b.*\\b(?:look|check|read|judge)\\b.*\\b(?:again|row|it|this)\\b',
  ],
  [
    'injection',
    sure,
    '\\b(?:ignor(?:e|ing)|disregard|forget|override|overrule|vergiss|olvida|oublie)\\b.*\\b(?:instructions?|rules?|orders?|prompts?|guidelines?|told|restrictions?|previous|above|safety|anweisungen|instrucciones|policy|policies)\\b',
  ],
  [
    'injection',
    sure,
    '\\b(?:developer|god|debug|admin|dan|root|maintenance|sudo) mode\\b|\\bjailbreak\\b|\\bsystem prompt\\b|\\bhidden prompt\\b|\\b(?:no|without) restrictions\\b|\\byou are (?:now )?(?:root|dan|unrestricted|free|an? (?:admin|operator|hacker))|\\b(?:act|behave|respond|pretend) (?:as|like|to be) (?:an? |the |if you were )?(?:admin\\w*|operator|root|developer|treasurer|curator|unrestricted|dan)\\b',
  ],
  [
    'injection',
    sure,
    "\\b(?:skip|bypass|disable|turn off|circumvent|switch off)\\b.*\\b(?:confirm\\w*|checks?|safety|button|approval|limits?|filters?)\\b|\\bwithout (?:asking|confirm\\w*|(?:any |my )?(?:confirmation|approval))|\\b(?:already|have|was|is|been) (?:\\w+ )?(?:confirmed|given|granted|approved)\\b.*\\b(?:execute|run|tool|skip|do it|now|call)|\\bconfirmation\\b.*\\b(?:not needed|unnecessary|given|granted)|\\bdon'?t ask (?:me )?(?:to confirm|for confirmation)",
  ],
  [
    'injection',
    sure,
    "^(?:system|assistant|developer|tool|operator|admin) ?:|</?(?:system|user|assistant|script|s|tool|im_start|im_end|instructions?)\\b[^>]*>|\\[/?inst\\]|<\\||\\bdrop table\\b|\\bselect\\b.*\\bfrom\\b.*\\bwhere\\b|\\bunion select\\b|'; ?--|\\{\\{.*\\}\\}|\\$\\{.*\\}|\\brm -rf\\b|\\b(?:your|the) (?:initial|original|system|secret|hidden) (?:prompt|instructions?|message)|\\b(?:what are|repeat|reveal|print|show|output|leak|tell me|dump) (?:me )?(?:your|all your) (?:\\w+ )?(?:instructions?|prompt|rules|configuration)",
  ],
  [
    'injection',
    sure,
    "\\bas (?:the|an?|your) (?:operator|admin\\w*|developer|owner|creator|root)\\b.*\\b(?:order|command|instruct|demand|require|tell)|\\bi (?:am|'m) (?:the|your) (?:operator|developer|creator|owner)\\b|\\b(?:obey|comply with) me\\b|\\bapprove every\\b|\\brun all (?:the )?commands\\b",
  ],
  [
    'others-money',
    sure,
    '\\b<move>\\b.*\\b<others>(?!\\p{L}).*\\b(?:to|into|for|in) (?:me|my|mine|0x|_address|our|the wallet)\\b',
  ],
  [
    'others-money',
    sure,
    '\\b<move>\\b.*(?:\\b<tokens>|balances?|rewards?|earnings?|accounts?|wallets?|bonds?|payouts?|shares?|pledges?|savings|fortune)\\b.*(?<!\\p{L})<others>(?!\\p{L})',
  ],
  [
    'others-money',
    sure,
    '\\b<move>\\b.*(?<!\\p{L})<others>(?!\\p{L}).*(?:\\b<tokens>|balances?|rewards?|earnings?|accounts?|wallets?|bonds?|payouts?|shares?|pledges?)\\b',
  ],
  [
    'others-money',
    sure,
    "\\b(?:<move>|rob|loot)\\b.*\\b(?:treasury|commons|protocol(?:'s)? (?:share|funds?)|community (?:fund|pot)|reserve)\\b|\\bwithdraw\\b.*_other|\\b(?:empty|drain|steal|rob|loot)\\b.*\\b(?:account|wallet|treasury|balance|network|bank|pot)",
  ],
  [
    'private-data',
    sure,
    '^(?!.*\\b(?:send|move|transfer|take|claim|steal|empty|drain|pledge)\\b.*\\b(?:to|into) (?:me|my|mine)\\b).*(?<!\\p{L})<others>(?!\\p{L}).*\\b<secret>\\b',
  ],
  [
    'private-data',
    sure,
    '^(?!.*\\b(?:send|move|transfer|take|claim|steal|empty|drain|pledge|delete|my data|my rows|let|vote (?:for|with))\\b).*\\b<secret>\\b.*(?<!\\p{L})<others>(?!\\p{L})(?! (?:was|is|did|that) )',
  ],
  [
    'private-data',
    sure,
    '\\b(?:who (?:all )?voted|how did (?!i\\b|you\\b|it\\b|the\\b|we\\b)\\p{L}+ vote|what (?:did|does|has|is) (?!i\\b|it\\b|you\\b|we\\b|this\\b|that\\b|the\\b|each\\b|a\\b|_name)\\p{L}+ (?:ask|earn|vote|own|get|have|asked|earned|paid|doing)|(?:what|which) (?!i\\b|you\\b|it\\b|we\\b|the\\b|is\\b|models?\\b|people\\b|rows\\b|answers?\\b|proposals?\\b)\\p{L}+ (?:asked|earned|voted|wrote|owns|earns))\\b',
  ],
  [
    'private-data',
    sure,
    '\\b(?:e-?mail address(?:es)?|e-?mails? of|phone numbers?|home address|ip address|real names?|private keys?|passwords?|seed phrase|personal data of|private messages|wallet address of (?!my))\\b',
  ],
  [
    'private-data',
    strong,
    '\\b(?:his|her|their)\\b.*\\b(?:balance|earnings|wallet|email|votes?|questions|address|data|phone)\\b',
  ],
  [
    'erase',
    sure,
    '\\b<wipe>\\b.*\\b(?:<all>|my|mine|me|meine?)\\b.*\\b(?:data|account|mine|records?|information|everything|you have|about me|stored|wrote|history|profile|trace|daten|données|datos|cuenta|compte|konto)\\b',
  ],
  [
    'erase',
    sure,
    '\\b<wipe> (?:me|everything(?: of mine| about me| i)?|<all> of (?:it|mine))(?: (?:out|off|from|and|completely|entirely|now|please)\\b.*)?[\\s.!?]*$|\\bforgotten\\b|\\bforget me\\b|\\b(?:gdpr|dsgvo)\\b(?!.*\\b(?:export|copy|access)\\b)|\\bright to (?:erasure|be forgotten|deletion)|\\balles von mir löschen\\b|\\b(?:close|terminate) my account\\b|\\b<all>\\b.*\\b(?:löschen|supprimer|borrar)\\b|\\bleaving for good\\b',
  ],
  [
    'export',
    sure,
    '\\b(?:export\\w*|takeout|data portability|portability|download (?:my|all|what|everything)|(?:a )?(?:copy|dump|archive|backup|zip|file) of (?:all |everything|my|what|the data)|exportiere)\\b(?!.*\\bbundle)',
  ],
  [
    'export',
    sure,
    '\\b(?:send|give|show|tell|save|get|have|pack)\\b.*\\b(?:everything|all|stuff|things|data|what)\\b.*\\b(?:you (?:know|have|store|hold|keep) (?:about|on|of|stored)|as an? (?:file|zip|json|archive|csv)|(?:in|into) (?:one|an?) (?:file|zip|archive))|\\bwhat (?:do you|data do you|you) (?:have|know|store|keep|hold)(?: \\w+)? (?:about|on|of) me\\b|\\bmy (?:stuff|data|things)\\b.*\\b(?:file|zip|json|archive)\\b|\\bsubject access request\\b',
  ],
  [
    'link',
    sure,
    '^(?!.*\\b(?:unlink|disconnect|detach)\\b).*\\b(?:link\\w*|connect|pair|tie|attach|merge|associate|bind|verknüpfe\\w*|verbinde\\w*|vincul\\w+|join)\\b.*\\b(?:wallets?|accounts?|discord|telegram|metamask|address|platforms?|website|profile|chat)\\b(?!.*\\bgenau\\b)',
  ],
  [
    'link',
    sure,
    '^link$|\\buse (?:my|an?) (?:own|external|other) (?:wallet|address)|\\bmy (?:ethereum |eth |own |wallet )?address\\b.*_address|\\bsame (?:account|person)\\b|\\b(?:make|them) (?:it |them )?one account\\b|\\badd (?:my|an?) (?:ethereum |eth )?(?:address|wallet)',
  ],
]
