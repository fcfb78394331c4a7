"""Invented reports in Chinese, Arabic and Spanish, each failure told four times, as streams. Pure and seeded.

For languages of which a folder holds no labelled stream. The tellings of one failure share its words for topic and
fault in different sentences; each failure has neighbours with the same topic, and others with the same fault.
"""

import random
from itertools import product

from bench.quality.streams import Stream

SEED = 5
FAILURES = 40
TOPICS = {
    "zh": ("火车时刻表", "租房合同", "疫苗接种计划", "报税表", "血压药片", "入学申请", "签证材料", "保险理赔"),
    "ar": (
        "جدول القطارات", "عقد الإيجار", "مواعيد التطعيم", "الإقرار الضريبي", "دواء ضغط الدم", "طلب الالتحاق بالمدرسة",
        "أوراق التأشيرة", "تعويض التأمين",
    ),
    "es": (
        "el horario de trenes", "el contrato de alquiler", "el calendario de vacunas", "la declaración de la renta",
        "la pastilla para la tensión", "la matrícula escolar", "los papeles del visado", "la indemnización del seguro",
    ),
}  # fmt: skip
FAULTS = {
    "zh": (
        "引用了一个不存在的来源", "把昨天的数字当成今天的", "漏掉了最重要的一步", "用另一种语言回答",
        "同一句话重复了九遍", "没有理由就拒绝回答", "把月份数错了", "编造了一段法律条文",
    ),
    "ar": (
        "ذكر مصدرا لا وجود له", "أعطى رقم الأمس على أنه رقم اليوم", "أسقط أهم خطوة", "أجاب بلغة أخرى",
        "كرر الجملة نفسها تسع مرات", "رفض دون أن يذكر السبب", "أخطأ في عد الأشهر", "اخترع مادة من القانون",
    ),
    "es": (
        "citó una fuente que no existe", "dio la cifra de ayer como si fuera de hoy", "se saltó el paso más importante",
        "contestó en otro idioma", "repitió la misma frase nueve veces", "se negó sin decir por qué",
        "contó mal los meses", "inventó un artículo de la ley",
    ),
}  # fmt: skip
SENTENCES = {
    "zh": (
        "我问它{topic}，结果它{fault}。", "关于{topic}，模型{fault}，试了三次都一样。",
        "同事帮我查{topic}的时候，发现它{fault}。", "{fault}：问的是{topic}，语气还很肯定。",
    ),
    "ar": (
        "سألته عن {topic} فإذا به {fault}.", "عندما أرادت أختي مساعدة في {topic} لاحظت أنه {fault}.",
        "جربناه في العمل مع {topic}: {fault} ثلاث مرات متتالية.", "{fault} حين كان السؤال عن {topic}، وبنبرة واثقة.",
    ),
    "es": (
        "Le pregunté por {topic} y {fault}.", "Mi hermana quería ayuda con {topic}; el modelo {fault}.",
        "Lo probamos en el trabajo con {topic}: {fault}, tres veces seguidas.",
        "Con mucha seguridad {fault} cuando se trataba de {topic}.",
    ),
}  # fmt: skip


def streams() -> list[Stream]:
    """One stream a language, its reports in a seeded order.

    >>> [(stream.name, len(stream.rows)) for stream in streams()]
    [('invented.ar', 160), ('invented.es', 160), ('invented.zh', 160)]
    """
    return [_told(language) for language in sorted(TOPICS)]


def _told(language: str) -> Stream:
    chance = random.Random(f"{SEED} {language}")
    failures = chance.sample(list(product(TOPICS[language], FAULTS[language])), k=FAILURES)
    tellings = list(product(enumerate(failures), SENTENCES[language]))
    chance.shuffle(tellings)
    rows = tuple(
        {
            "id": f"{language}-{at:03}",
            "created": f"2026-01-01T{at // 60:02}:{at % 60:02}:00Z",
            "title": "",
            "body": sentence.format(topic=topic, fault=fault),
            "lang": language,
            "group": f"{language}-{number}",
        }
        for at, ((number, (topic, fault)), sentence) in enumerate(tellings)
    )
    return Stream(f"invented.{language}", rows, places=False)
