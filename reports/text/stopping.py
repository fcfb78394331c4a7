"""Words so common that they tell nothing about what a report says. Small lists on purpose: rarity does the rest."""

_ENGLISH = """
a about after again all also am an and any are as at be because been before being but by can cannot cant could
couldnt did didnt do does doesnt doing dont for from had has have having he her here him his how i id if ill im in
into is isnt it its ive just me more most my no nor not now of off on once only or other our out over own same she
should shouldnt so some such than that thats the their them then there these they this those through to too under
until up us very was wasnt we were what when where which while who whom why will with wont would wouldnt you your
yours youre
"""
_SPANISH = """
al algo como con cual cuando de del desde donde el ella ellos en entre era es esa ese eso esta estaba este esto fue
ha había han hasta hay la las le les lo los más me mi mientras muy ni nos para pero por porque que qué se ser si sí
sin sobre son su sus también te tiene tu un una unas uno unos usted ya yo
"""
_ARABIC = """
في من على إلى الى عن أن ان إن هذا هذه ذلك تلك التي الذي الذين هو هي هم كان كانت قد لقد ما ماذا لا لم لن أو او ثم مع
كل بعد قبل عند عندما حين كما لكن بل أي اي إذا اذا يكون تكون أنا انا نحن أنه انه أنها انها له لها لي به بها فيه فيها
وهو وهي
"""
_CHINESE_CHARACTERS = "的了是在我它他她你们这那就也都和与及而着吗呢吧啊把被给对从到向"

STOP_WORDS = frozenset(f"{_ENGLISH} {_SPANISH} {_ARABIC}".split())
STOP_CHARACTERS = frozenset(_CHINESE_CHARACTERS)  # a bigram made of two of these is a stop word too
