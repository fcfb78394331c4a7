"""What models say whatever they are asked: refusals and disclaimers, which two failures may share by chance."""

import re
from collections.abc import Iterator, Sequence

from reports.text import Token, normalise, terms

# Words that refusals and disclaimers are made of. A run of telling words skips them.
_ENGLISH = """
able advice advise ai apologise apologize apology assist assistance assistant comply consult help helpful inappropriate
information please professional provide request sorry unable unfortunately
"""
_SPANISH = """
ayuda ayudar asistente consejo consulta consultar disculpa disculpas favor lamento lamentablemente petición profesional
proporcionar puede puedes puedo siento solicitud
"""
_ARABIC = """
آسف اسف عذرا أعتذر اعتذر أستطيع استطيع يمكنني يمكنك مساعدة مساعدتك طلبك تقديم معلومات كنموذج لغوي
الذكاء الاصطناعي مساعد استشارة
"""
_WORDS = frozenset(terms(f"{_ENGLISH} {_SPANISH} {_ARABIC}"))

# Set phrases whose words mean something elsewhere ("free", "language"), and the same in scripts without spaces, where
# words cannot be picked out one by one.
_SET_PHRASES = (
    r"as an? (?:ai|artificial intelligence)?[ -]?(?:large )?language model",
    r"feel free to \w+",
    r"(?:if you|do you) (?:have|need) any (?:other |more |further )?questions?",
    r"(?:healthcare|medical|legal|financial) professional",
    r"(?:speak|talk) (?:to|with) (?:a|your) (?:doctor|lawyer|physician)",
    r"let me know(?: if)?",
    r"i hope this \w+",
    r"(?:modelo|inteligencia) (?:de lenguaje|artificial)",
    r"modelo de inteligencia artificial",
    r"no dudes? en \w+",
)
_UNSPACED = """
作为一个人工智能语言模型 作为人工智能语言模型 作为一个人工智能助手 作为人工智能助手
作为一个语言模型 作为人工智能 作为语言模型 人工智能语言模型
我无法提供帮助 我不能提供帮助 无法为您提供 无法满足您的请求 无法回答这个问题 不能回答这个问题
请咨询专业人士 请咨询医生 如果您有其他问题 我很乐意帮助 很高兴为您服务
对不起 非常抱歉 很抱歉 抱歉 我无法 我不能 无法提供 不能提供 无法协助 无法帮助 无法回答
这个问题 您的请求 该请求 请求 人工智能 语言模型 大模型 助手
帮助您 帮助你 帮助 协助 回答 回复 它说 他说 它写 告诉我
申し訳ありませんが 申し訳ございません 申し訳ありません お手伝いできません お答えできません できません
죄송합니다 도와드릴 수 없습니다
"""
_PHRASE = re.compile("|".join((*_SET_PHRASES, *sorted(map(normalise, _UNSPACED.split()), key=len, reverse=True))))


def telling_words(text: str, words: Sequence[Token]) -> Iterator[bool]:
    """For each word of a normalised text, whether it tells more than that a model spoke.

    >>> from reports.text import tokens
    >>> text = normalise("I'm sorry, but as an AI language model I can't help with that request.")
    >>> any(telling_words(text, list(tokens(text))))
    False
    """
    inside = {index for phrase in _PHRASE.finditer(text) for index in range(*phrase.span())}
    for word in words:
        yield not word.is_stop and word.term not in _WORDS and inside.isdisjoint(range(word.start, word.end))
