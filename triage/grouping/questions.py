"""The questions of our own form, which people paste along with their answers. They say nothing about a failure."""

from reports.text import normalise

_ENGLISH = """
Model, product or dataset
A name as you know it. A link or org/name works too. Write “unknown” if you cannot tell.
What is it?
Version
A name, a date or a revision, if you know it.
What happened, in one sentence
This may become the public title. Leave out names of people.
In your own words
What you asked, what it did, and why that is a problem.
What it should have done
What you asked it, word for word
What it answered, word for word
Leave out what could identify somebody. It stays unpublished unless a person decides otherwise.
What kind of failure was it?
Was anybody harmed?
Harm to health, rights, money, safety or dignity.
How serious was it?
Where was it used?
Who are you to it?
Times it went wrong
Times tried
Who may see it?
E-mail, if we may write to you about this report
Kept encrypted and never shown. Leave it empty to stay unknown.
I agree that this report is stored and, as chosen above, published after review
Does it show or describe a child or young person in a sexual way?
A name as you know it. A link or org/name works too. If it is not listed here, we add it.
I don’t know which one it was
Can you show the conversation?
It stays unpublished unless a person decides otherwise. We help you mask addresses, numbers and keys.
The conversation, pasted
As it stands in the chat, or as a file that the chat exports. We split it into turns.
Leave out what could identify somebody.
System prompt
What the model was told before the conversation began.
Revision
Such as the commit of the weights.
Temperature
Top-p
Seed
Most tokens
When did you see it?
Language of this report
You may write to me about this report
Your e-mail address
Kept encrypted and never shown.
Thank me by name once it is public
The name to thank
"""
_SPANISH = """
Modelo, producto o conjunto de datos
El nombre tal como lo conoce. También sirve un enlace u org/name. Escriba «unknown» si no lo sabe.
¿Qué es?
Versión
Un nombre, una fecha o una revisión, si los conoce.
Qué ocurrió, en una frase
Puede convertirse en el título público. No incluya nombres de personas.
Con sus palabras
Qué pidió usted, qué hizo y por qué eso es un problema.
Qué debería haber hecho
Lo que usted le pidió, palabra por palabra
Lo que respondió, palabra por palabra
No incluya nada que pueda identificar a alguien. No se publica salvo que una persona lo decida.
¿Qué tipo de fallo fue?
¿Sufrió alguien algún daño?
Daño a la salud, los derechos, el dinero, la seguridad o la dignidad.
¿Qué gravedad tuvo?
¿Dónde se usó?
¿Qué relación tiene usted con lo ocurrido?
Veces que falló
Veces que se probó
¿Quién puede verlo?
Correo electrónico, si podemos escribirle sobre este informe
Se guarda cifrado y nunca se muestra. Déjelo vacío para no darse a conocer.
Acepto que este informe se guarde y, según lo elegido arriba, se publique tras la revisión
¿Muestra o describe de forma sexual a un niño, una niña o un adolescente?
El nombre tal como lo conoce. También sirve un enlace u org/name. Si no está en la lista, lo añadimos.
No sé cuál fue
¿Puede mostrar la conversación?
No se publica salvo que una persona lo decida. Le ayudamos a tapar direcciones, números y claves.
La conversación, pegada
Tal como está en el chat, o como archivo que exporta el chat. Nosotros la separamos en intervenciones.
No incluya nada que pueda identificar a alguien.
Instrucciones de sistema (system prompt)
Lo que se le dijo al modelo antes de que empezara la conversación.
Revisión
Por ejemplo, el commit de los pesos.
Temperatura
Top-p
Semilla
Máximo de tokens
¿Cuándo lo vio?
Idioma de este informe
Pueden escribirme sobre este informe
Su dirección de correo electrónico
Se guarda cifrada y nunca se muestra.
Denme las gracias por mi nombre cuando sea público
El nombre al que dar las gracias
"""
_ARABIC = """
النموذج أو المنتَج أو مجموعة البيانات
الاسم كما تعرفه. ويصلح أيضًا رابط أو org/name. اكتب «unknown» إن لم تكن تعرف.
ما هو؟
الإصدار
اسم أو تاريخ أو رقم مراجعة، إن كنت تعرفه.
ماذا حدث، في جملة واحدة
قد يصير هذا العنوان العلني. لا تذكر أسماء أشخاص.
بكلماتك
ماذا طلبت، وماذا فعل، ولماذا يُعد ذلك مشكلة.
ما كان ينبغي أن يفعله
ما طلبته منه، حرفيًا
ما أجاب به، حرفيًا
لا تذكر ما قد يكشف هوية أحد. يبقى غير منشور ما لم يقرر شخص خلاف ذلك.
ما نوع الخلل؟
هل تضرر أحد؟
ضرر في الصحة أو الحقوق أو المال أو السلامة أو الكرامة.
ما مدى خطورته؟
أين استُخدم؟
ما صلتك بما حدث؟
عدد مرات الخلل
عدد المحاولات
من يمكنه الاطلاع عليه؟
البريد الإلكتروني، إن كنت تسمح بأن نراسلك بشأن هذا البلاغ
يُحفظ مشفّرًا ولا يُعرض أبدًا. اتركه فارغًا إن أردت ألا تُعرَف.
أوافق على حفظ هذا البلاغ، وعلى نشره بعد المراجعة وفق ما اخترته أعلاه
هل يُظهر طفلًا أو قاصرًا، أو يصفه، على نحو جنسي؟
الاسم كما تعرفه. ويصلح أيضًا رابط أو org/name. وإن لم يكن في القائمة أضفناه.
لا أعرف أيها كان
هل يمكنك عرض المحادثة؟
تبقى غير منشورة ما لم يقرر شخص خلاف ذلك. ونساعدك على إخفاء العناوين والأرقام والمفاتيح.
المحادثة، ملصقة
كما هي في الدردشة، أو كملف تصدّره الدردشة. ونحن نقسمها إلى رسائل.
لا تذكر ما قد يكشف هوية أحد.
تعليمات النظام (system prompt)
ما قيل للنموذج قبل بدء المحادثة.
رقم المراجعة
مثل معرّف الإيداع (commit) للأوزان.
درجة الحرارة (temperature)
العتبة Top-p
البذرة (seed)
الحد الأقصى للوحدات (tokens)
متى رأيته؟
لغة هذا البلاغ
يمكنكم مراسلتي بشأن هذا البلاغ
عنوان بريدك الإلكتروني
يُحفظ مشفّرًا ولا يُعرض أبدًا.
اشكروني بالاسم متى صار علنيًا
الاسم الذي نشكره
"""
_CHINESE = """
模型、产品或数据集
您所知道的名称，也可以填链接或 org/name。如果不清楚，请写“unknown”。
它是什么？
版本
如果知道，请填写版本名称、日期或修订号。
用一句话说明发生了什么
这句话可能成为公开标题，请不要写人名。
用您自己的话
您要求了什么、它做了什么、为什么这是个问题。
它本应怎么做
您向它提出的原话
它回答的原话
请去掉可能识别出他人身份的内容。除非有人作出决定，否则不会公开。
属于哪一类失误？
有人受到伤害吗？
指健康、权利、财产、安全或尊严方面的伤害。
有多严重？
用在什么场合？
您与此事是什么关系？
出错次数
尝试次数
谁可以看到？
电子邮件（如果允许我们就这份报告与您联系）
加密保存，绝不显示。若不愿透露身份，请留空。
我同意保存此报告，并按上面的选择在审核后公开
其中是否以涉及性的方式展示或描述儿童或其他未成年人？
您所知道的名称，也可以填链接或 org/name。如果这里没有列出，我们会添加。
我不知道是哪一个
您能提供对话吗？
除非有人作出决定，否则不会公开。我们会帮您遮盖地址、号码和密钥。
粘贴的对话
照聊天中的样子粘贴，或粘贴聊天导出的文件。我们会把它拆成一条条发言。
请去掉可能识别出他人身份的内容。
系统提示词
对话开始之前给模型的说明。
修订号
例如模型权重的提交号（commit）。
温度
Top-p
随机种子
最大 token 数
您是什么时候看到的？
这份报告的语言
可以就这份报告给我写邮件
您的电子邮件地址
加密保存，绝不显示。
公开后署名感谢我
致谢时使用的名字
"""
# Headings of other people's templates, and shorter forms of ours.
_HEADINGS = """
What happened
What happened?
What should have happened
What should have happened instead
Expected behaviour
Expected behavior
Expected result
Expected results
Actual behaviour
Actual behavior
Actual result
Actual results
Steps to reproduce
How to reproduce
Qué ocurrió
Qué debería haber ocurrido
Comportamiento esperado
Comportamiento actual
Pasos para reproducirlo
ماذا حدث
ما كان ينبغي أن يحدث
السلوك المتوقع
السلوك الفعلي
خطوات إعادة الإنتاج
发生了什么
本应发生什么
预期行为
实际行为
复现步骤
"""


def is_question(line: str) -> bool:
    """Whether a normalised line is one of the questions and nothing else, whatever signs stand around it.

    >>> is_question("## what it should have done:"), is_question("what it should have done is ask first")
    (True, False)
    """
    return _letters(line) in _QUESTIONS


def _letters(line: str) -> str:
    return "".join(filter(str.isalnum, line))


_QUESTIONS = frozenset(
    _letters(normalise(line))
    for text in (_ENGLISH, _SPANISH, _ARABIC, _CHINESE, _HEADINGS)
    for line in text.splitlines()
    if line
)
