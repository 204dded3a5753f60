"""How crawlers name languages: codes of two and three letters and English or own names, to BCP 47 primary subtags.

Guarantees: a closed table, keys in lower case (case-folded). Refuses nothing itself: what is not in it is unknown.
"""

__all__ = ["CODES"]

_TABLE = """
en eng english|de ger deu german deutsch|fr fre fra french français francais|es spa spanish español espanol castilian
it ita italian italiano|pt por portuguese português portugues|nl dut nld dutch nederlands flemish|ru rus russian русский
uk ukr ukrainian українська|be bel belarusian|pl pol polish polski|cs cze ces czech čeština|sk slo slk slovak
sl slv slovenian slovene|hr hrv croatian hrvatski|sr srp serbian srpski српски|bs bos bosnian|mk mac mkd macedonian
bg bul bulgarian български|ro rum ron romanian română moldavian|hu hun hungarian magyar|el gre ell greek ελληνικά
sq alb sqi albanian shqip|tr tur turkish türkçe turkce|ar ara arabic العربية|fa per fas persian farsi dari فارسی
ps pus pashto|ur urd urdu اردو|he heb hebrew iw עברית|hi hin hindi हिन्दी|bn ben bengali bangla বাংলা|ta tam tamil
te tel telugu|ml mal malayalam|kn kan kannada|mr mar marathi|gu guj gujarati|pa pan punjabi|si sin sinhala sinhalese
ne nep nepali|my bur mya burmese myanmar|th tha thai ไทย|lo lao|km khm khmer|vi vie vietnamese|id ind indonesian in
ms may msa malay|tl tgl tagalog filipino fil|ja jpn japanese 日本語|ko kor korean 한국어|mn mon mongolian
zh chi zho chinese 中文 mandarin cmn|yue cantonese|sv swe swedish svenska|no nor norwegian norsk nb nob|nn nno nynorsk
da dan danish dansk|fi fin finnish suomi|is ice isl icelandic|et est estonian eesti|lv lav latvian|lt lit lithuanian
ga gle irish|cy wel cym welsh|gd gla gaelic|eu baq eus basque|ca cat catalan català|gl glg galician|mt mlt maltese
hy arm hye armenian|ka geo kat georgian|az aze azerbaijani azeri|kk kaz kazakh|uz uzb uzbek|ky kir kyrgyz
tg tgk tajik|tk tuk turkmen|ku kur kurdish|sw swa swahili kiswahili|so som somali|am amh amharic|ti tir tigrinya
om orm oromo|ha hau hausa|yo yor yoruba|ig ibo igbo|zu zul zulu|xh xho xhosa|af afr afrikaans|rw kin kinyarwanda
mg mlg malagasy|ht hat haitian|eo epo esperanto|la lat latin|lb ltz luxembourgish
"""
CODES: dict[str, str] = {
    name: entry.split()[0] for entry in _TABLE.replace("\n", "|").split("|") if entry for name in entry.split()
}
"""Any known name of a language to its primary subtag, of two letters where ISO 639-1 has one."""
