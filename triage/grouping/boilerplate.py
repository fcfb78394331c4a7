"""What models say whatever they are asked: refusals and disclaimers, which two failures may share by chance."""

import re
from collections.abc import Iterable, Iterator

from reports.text import Token, normalise, terms

# Words that refusals, apologies and disclaimers are made of, and that accounts of them repeat.
_ENGLISH = """
able advice advise ai answer apologise apologize apology artificial ask assist assistance assistant chatbot comply
concern consult content discuss due ensure feel free further fulfil fulfill generate give glad guideline happy help
helpful hope however important inappropriate information intelligence issue kind know language let like make material
matter may maybe model need note offer ok okay output please policy possible prompt professional provide question
refuse reply request respond response responsible result said say sorry specific suggest suitable support sure tell
text thank thanks topic train treat try unable understand unfortunately use user want word would write wrong
"""
_SPANISH = """
actúa ayuda ayudar asistente como consejo consulta consultar contenido dice dijo disculpa disculpas entender entiendo
español favor gracias inteligencia artificial lamento lamentablemente lenguaje lo siento modelo necesitas palabra
pedir petición podría pregunta proporcionar puede puedes puedo profesional respuesta responder recomiendo respondió
seguro sistema solicitud
"""
_ARABIC = """
آسف اسف عذرا أعتذر اعتذر أستطيع استطيع يمكنني يمكنك مساعدة مساعدتك المساعدة طلبك طلب تقديم معلومات كنموذج نموذج لغة
لغوي الذكاء الاصطناعي ذكاء اصطناعي مساعد المساعد قال قالت يقول سؤال إجابة جواب الرد رد استشارة مختص طبيب
"""
_WORDS = frozenset(terms(f"{_ENGLISH} {_SPANISH} {_ARABIC}"))

# The same in scripts without spaces, where words cannot be picked out one by one.
_PHRASES = """
作为一个人工智能语言模型 作为人工智能语言模型 作为一个人工智能助手 作为人工智能助手
作为一个语言模型 作为人工智能 作为语言模型 人工智能语言模型
我无法提供帮助 我不能提供帮助 无法为您提供 无法满足您的请求 无法回答这个问题 不能回答这个问题
请咨询专业人士 请咨询医生 如果您有其他问题 我很乐意帮助 很高兴为您服务
对不起 非常抱歉 很抱歉 抱歉 我无法 我不能 无法提供 不能提供 无法协助 无法帮助 无法回答
这个问题 您的请求 该请求 请求 人工智能 语言模型 大模型 助手
帮助您 帮助你 帮助 协助 回答 回复 问题 信息 建议 模型 它说 他说 输出 错误
申し訳ありませんが 申し訳ございません 申し訳ありません お手伝いできません お答えできません できません
죄송합니다 도와드릴 수 없습니다
"""
_PHRASE = re.compile("|".join(sorted(map(normalise, _PHRASES.split()), key=len, reverse=True)))


def without_boilerplate(text: str, words: Iterable[Token]) -> Iterator[Token]:
    """The telling tokens among those of a normalised text.

    >>> from reports.text import tokens
    >>> text = normalise("I'm sorry, but I can't help with that request.")
    >>> list(without_boilerplate(text, tokens(text)))
    []
    """
    inside = {index for phrase in _PHRASE.finditer(text) for index in range(*phrase.span())}
    for token in words:
        if token.term not in _WORDS and inside.isdisjoint(range(token.start, token.end)):
            yield token
