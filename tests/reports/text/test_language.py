"""The guess is right where the text tells, and "und" where it does not."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reports.text import guess_language


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("The answer was wrong and it would not correct it.", "en"),
        ("A robot crushed a worker by pinning him to a wall", "en"),
        ("A dose que o modelo disse não está certa para uma criança", "pt"),
        ("me dijo que el teléfono de ayuda era ese y es mentira", "es"),
        ("升级之后长表格会丢行", "zh"),
        ("モデルは間違った答えを出しました", "ja"),
        ("모델이 틀린 답을 했습니다", "ko"),
        ("النموذج يجيب بالإنجليزية دائما", "ar"),
        ("مدل پاسخ اشتباه داد و گفت که", "fa"),
        ("Модель ответила неправильно", "ru"),
        ("Le modèle a dit que la dose est sans danger pour un enfant", "fr"),
        ("Das Modell sagt, dass die Dosis für ein Kind nicht gefährlich ist", "de"),
        ("मॉडल ने गलत उत्तर दिया", "hi"),
        ("它说 OK 然后就停了，什么都没有输出", "zh"),
        ("", "und"),
        ("🙂", "und"),
        ("42", "und"),
        ("lol", "und"),
    ],
)
def test_guess(text: str, language: str) -> None:
    assert guess_language(text) == language


@settings(deadline=None)
@given(st.text())
def test_any_text_gets_a_tag(text: str) -> None:
    assert 2 <= len(guess_language(text)) <= 3
