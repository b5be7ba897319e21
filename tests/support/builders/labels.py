"""Labels, and addresses as people of twenty countries write them: nobody's, but such as there are."""

from __future__ import annotations

from typing import Any

from return_label.views.labels.layout import Label
from tests.support.builders.returns import RETURN_ID

ADDRESSES = {
    "DE": "Käthe Müller\nLange Straße 12\n10115 Berlin\nDEUTSCHLAND",
    "FR": "Zoé Lefèvre\n12, rue de l'Église\n75004 Paris\nFRANCE",
    "ES": "Íñigo Núñez\nCalle Mayor 3, 2.º izq.\n28013 Madrid\nESPAÑA",
    "BR": "João Conceição\nAvenida São João, 439\n01035-000 São Paulo\nBRASIL",
    "PL": "Łukasz Żółć\nul. Długa 7/4\n00-238 Warszawa\nPOLSKA",
    "CZ": "Božena Křížová\nNa Příkopě 15\n110 00 Praha\nČESKÁ REPUBLIKA",
    "HU": "Győző Szűcs\nFő utca 8.\n1011 Budapest\nMAGYARORSZÁG",
    "TR": "Çağla Işık\nİstiklal Caddesi No: 45\n34430 İstanbul\nTÜRKİYE",
    "VN": "Nguyễn Thị Hường\n36 phố Hàng Đường\nHà Nội\nVIỆT NAM",
    "US": "Ann Buyer\n100 Main Street, Apt 4\nSpringfield, IL 62701\nUSA",
    "RU": "Иванов Пётр\nул. Ленина, д. 5, кв. 12\n101000 Москва\nРОССИЯ",
    "UA": "Їжакевич Ґанна\nвул. Хрещатик, 22\n01001 Київ\nУКРАЇНА",
    "GR": "Ελένη Παπαδοπούλου\nΟδός Ερμού 15\n105 63 Αθήνα\nΕΛΛΑΔΑ",
    "CN": "张伟\n北京市朝阳区建国路88号\n100022\n中国",
    "JP": "鈴木さくら\n東京都千代田区丸の内1-9-1\n100-0005\n日本",
    "KR": "김민준\n서울특별시 강남구 테헤란로 123\n06133\n대한민국",
    "SA": "محمد علي\nشارع الملك فهد 12، شقة 4\nالرياض 12345\nالمملكة العربية السعودية",
    "IL": "ישראל כהן\nרחוב הרצל 12, דירה 3\nתל אביב 6688312\nישראל",
    "TH": "นายสมชาย ใจดี\n99 ถนนสุขุมวิท\nกรุงเทพฯ 10110\nประเทศไทย",
    "IN": "राम कुमार\nमहात्मा गांधी मार्ग 12\nमुंबई 400001\nभारत",
}
SCRIPTS = ("DE", "RU", "GR", "CN", "JP", "KR", "SA", "IL", "TH", "IN")
"""One country of each script."""


def label(**changes: Any) -> Label:
    """A label whose parts that a test does not name are plain."""
    plain: dict[str, Any] = {
        "number": "CA123456785AQ",
        "receiver": "makewhole returns\nDock 4\n1012 AB Amsterdam",
        "sender": ADDRESSES["DE"],
        "return_id": RETURN_ID,
        "send_by": "2026-03-16",
        "sample": True,
    }
    return Label(**plain | changes)
