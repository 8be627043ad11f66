package i18n

// ownNames are what languages call themselves. Django: name_local of LANG_INFO.
var ownNames = map[string]string{
	"af": "Afrikaans", "ar": "العربيّة", "ar-dz": "العربية الجزائرية", "ast": "Asturianu", "az": "Azərbaycanca",
	"be": "Беларуская", "bg": "Български", "bn": "বাংলা", "br": "Brezhoneg", "bs": "Bosanski", "ca": "Català",
	"ckb": "کوردی", "cs": "Česky", "cy": "Cymraeg", "da": "Dansk", "de": "Deutsch", "dsb": "Dolnoserbski",
	"el": "Ελληνικά", "en": "English", "en-au": "Australian English", "en-gb": "British English", "eo": "Esperanto",
	"es": "Español", "es-ar": "Español de Argentina", "es-co": "Español de Colombia", "es-mx": "Español de Mexico",
	"es-ni": "Español de Nicaragua", "es-ve": "Español de Venezuela", "et": "Eesti", "eu": "Basque", "fa": "فارسی",
	"fi": "Suomi", "fr": "Français", "fy": "Frysk", "ga": "Gaeilge", "gd": "Gàidhlig", "gl": "Galego", "he": "עברית",
	"hi": "हिंदी", "hr": "Hrvatski", "hsb": "Hornjoserbsce", "hu": "Magyar", "hy": "Հայերեն", "ia": "Interlingua",
	"id": "Bahasa Indonesia", "ig": "Asụsụ Ìgbò", "io": "Ido", "is": "Íslenska", "it": "Italiano", "ja": "日本語",
	"ka": "ქართული", "kab": "Taqbaylit", "kk": "Қазақ", "km": "Khmer", "kn": "Kannada", "ko": "한국어", "ky": "Кыргызча",
	"lb": "Lëtzebuergesch", "lt": "Lietuviškai", "lv": "Latviešu", "mk": "Македонски", "ml": "മലയാളം", "mn": "Mongolian",
	"mr": "मराठी", "ms": "Bahasa Melayu", "my": "မြန်မာဘာသာ", "nb": "Norsk (bokmål)", "ne": "नेपाली", "nl": "Nederlands",
	"nn": "Norsk (nynorsk)", "no": "Norsk", "os": "Ирон", "pa": "Punjabi", "pl": "Polski", "pt": "Português",
	"pt-br": "Português Brasileiro", "ro": "Română", "ru": "Русский", "sk": "Slovensky", "sl": "Slovenščina",
	"sq": "Shqip", "sr": "Српски", "sr-latn": "Srpski (latinica)", "sv": "Svenska", "sw": "Kiswahili", "ta": "தமிழ்",
	"te": "తెలుగు", "tg": "Тоҷикӣ", "th": "ภาษาไทย", "tk": "Türkmençe", "tr": "Türkçe", "tt": "Татарча", "udm": "Удмурт",
	"uk": "Українська", "ur": "اردو", "uz": "Oʻzbek tili", "vi": "Tiếng Việt", "zh-hans": "简体中文", "zh-hant": "繁體中文",
}

// OwnName is what a language calls itself: "Deutsch" for "de" and for "de-at"; the
// code where that is not known.
func OwnName(code string) string {
	for _, variant := range variants(normalize(code)) {
		if name := ownNames[variant]; name != "" {
			return name
		}
	}
	return code
}
