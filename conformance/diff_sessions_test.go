package conformance_test

import (
	"bytes"
	"encoding/base64"
	"errors"
	"regexp"
	"strings"
	"sync"
	"time"

	"github.com/coatcheck/coatcheck/internal/pyjson"
	"github.com/coatcheck/coatcheck/sessions"
	"github.com/coatcheck/coatcheck/signing"
)

func sessionDifferentials() []differential {
	return []differential{
		{name: "session_decode", makes: makeSessionText, own: ownDecode, rules: []explanation{
			{
				id: "session-not-object", example: sessionExample(`[1]`),
				matches: func(d difference) bool {
					text, _ := d.theirField("text").(string)
					return d.ownField("text") == "{}" && text != "" && text[0] != '{'
				},
			},
			spelling(sessionExample(`{"a":1.50}`)),
			innerPadding("data", rawSession("eyJhIj==oxfQ==", sessions.DefaultSalt)),
		}},
		{name: "session_encode", makes: makeSessionJSON, own: ownEncode, rules: []explanation{{
			id: "zlib-bytes", example: encodeExample(`{"a":"` + strings.Repeat("many words ", 20) + `"}`), matches: sameEncoding,
		}}},
		{name: "session_pickle", makes: makePickleJSON, own: ownPickle, rules: []explanation{{
			id: "pickle-memo", example: pickleCase(`{"":"","a":["b","b"]}`, 5), matches: samePickle,
		}}},
		{name: "signed", makes: makeSigned, own: ownSigned, rules: []explanation{
			spelling(signedExample(`{"a":"\/"}`)),
			innerPadding("signed", signedCase(mustSigner(oracleKey, "s").Sign("eyJhIj==oxfQ=="))),
		}},
	}
}

// spelling: what the other application wrote in another way than Python does stays so.
func spelling(example fields) explanation {
	return explanation{id: "json-spelling", example: example, matches: func(d difference) bool {
		return d.theirField("same") == true && d.sameBut("text")
	}}
}

// sessionExample is session data whose JSON somebody else wrote.
func sessionExample(payload string) fields {
	text := mustSigner(oracleKey, sessions.DefaultSalt).DumpsText(payload, false)
	return fields{"data": text, "claim": decodedJSON(text)}
}

func rawSession(encoded, salt string) fields {
	text := mustSigner(oracleKey, salt).Sign(encoded)
	return fields{"data": text, "claim": decodedJSON(text)}
}

func signedExample(payload string) fields {
	return signedCase(mustSigner(oracleKey, "s").DumpsText(payload, false))
}

func signedCase(text string) fields {
	c := fields{"how": "loads", "key": oracleKey, "salt": "s", "max_age": nil, "now": oracleNow, "claim": "", "signed": text}
	c["claim"], _ = signedAnswer(c)["text"].(string)
	return c
}

var paddedWithin = regexp.MustCompile(`^[^:]*=[^:=]`)

// innerPadding: Pythons of late read on behind base64's "=", where all before
// them ended.
func innerPadding(field string, example fields) explanation {
	return explanation{id: "base64-inner-padding", since: "6", example: example, matches: func(d difference) bool {
		return paddedWithin.MatchString(d.text(field))
	}}
}

func encodeExample(payload string) fields {
	data, err := sessions.ParseData(payload)
	if err != nil {
		panic(err)
	}
	return fields{"json": payload, "claim": mustEncode(data), "now": oracleNow}
}

// sameEncoding: Go's zlib packs otherwise than C's. What Django packed, Coatcheck
// reads; where only one side found packing worth it, a few bytes made that.
func sameEncoding(d difference) bool {
	theirs, _ := d.theirField("data").(string)
	own, _ := d.ownField("data").(string)
	if !strings.HasPrefix(theirs, ".") && !strings.HasPrefix(own, ".") {
		return false
	}
	both := strings.HasPrefix(theirs, ".") && strings.HasPrefix(own, ".")
	close := len(theirs)-len(own) < 24 && len(own)-len(theirs) < 24
	return d.sameBut("data") && (both || close) && decodedJSON(theirs) == d.text("json")
}

func mustSigner(key, salt string) *signing.TimestampSigner {
	s, err := signing.NewTimestamp(signing.Config{Key: key, FallbackKeys: []string{oracleOldKey}, Salt: salt})
	if err != nil {
		panic(err)
	}
	return s
}

var mustCodec = sync.OnceValue(func() *sessions.Codec {
	codec, err := sessions.NewCodec(sessions.CodecConfig{Keys: signing.Keys{Secret: oracleKey, Fallbacks: []string{oracleOldKey}}})
	if err != nil {
		panic(err)
	}
	return codec
})

func mustEncode(data sessions.Data) string {
	text, err := mustCodec().Encode(data)
	if err != nil {
		panic(err)
	}
	return text
}

// signedText is a signed value: one that was signed as it should be, with another
// key or salt, with a payload that is no JSON or not compressed well, or whatever
// becomes of it when somebody changes the text.
func signedText(g *generator, salt string) string {
	payload := pick(g, g.jsonObject(3), g.jsonObject(2), g.jsonText(2))
	if g.one(6) {
		payload = g.mutate(payload, "{", "}", `"`, ",", `\u00`)
	}
	if g.one(8) { // letters of Latin-1 as they are, or what was UTF-8 once
		payload = g.mutate(payload, "ü", "é", "\u00ff", "☃")
	}
	encoded := base64.RawURLEncoding.EncodeToString([]byte(payload))
	if g.one(3) {
		packed := g.pack(payload)
		if g.one(6) {
			packed[g.IntN(len(packed))] = byte(g.IntN(256))
		}
		if g.one(8) {
			packed = packed[:g.IntN(len(packed))]
		}
		encoded = "." + base64.RawURLEncoding.EncodeToString(packed)
	}
	if g.one(8) {
		encoded = g.mutate(encoded, "=", "==", "-", "_", "+", "/", ".", " ", "\n")
	}
	at := time.Unix(1700000000+int64(g.IntN(2000)), 0)
	key := pick(g, oracleKey, oracleKey, oracleKey, oracleOldKey, "a key that nobody has")
	text := mustSigner(key, pick(g, salt, salt, salt, salt, "other salt")).At(at).Sign(encoded)
	if g.one(10) { // a timestamp that is none
		plain, err := signing.New(signing.Config{Key: oracleKey, Salt: salt})
		if err != nil {
			g.t.Fatal(err)
		}
		text = plain.Sign(encoded + ":" + pick(g, "", "-", "!", "00", "-1", "zzzzzzzzzzzzzzzz", g.word(4)))
	}
	if g.one(3) {
		text = g.mutate(text, ":", "=", ".", "-", "_", " ")
	}
	return text
}

func (g *generator) pack(text string) []byte {
	var b bytes.Buffer
	g.zlib.Reset(&b)
	g.zlib.Write([]byte(text)) // into memory, which takes everything
	g.zlib.Close()
	return b.Bytes()
}

func makeSessionText(g *generator) fields {
	text := signedText(g, sessions.DefaultSalt)
	if g.one(10) {
		text = g.corpus("sessions", "encode", "session_data")
	}
	return fields{"data": text, "claim": decodedJSON(text)}
}

// decodedJSON is what a session of that text holds.
func decodedJSON(text string) string {
	data, err := mustCodec().Decode(text)
	if err != nil {
		return "{}"
	}
	return data.JSON()
}

func ownDecode(_ *oracle, c fields) any {
	return fields{"text": c["claim"], "same": true}
}

const oracleNow = 1700000000.5

// makeSessionJSON also has Coatcheck's own text, for Django to read.
func makeSessionJSON(g *generator) fields {
	g.canonical = true
	text := g.jsonObject(3)
	data, err := sessions.ParseData(text)
	if err != nil || data.JSON() != text {
		g.t.Fatalf("%+q is read as %+q, %v", text, data.JSON(), err)
	}
	return fields{"json": text, "claim": mustEncode(data), "now": oracleNow}
}

// ownEncode: Coatcheck's bytes for that time. Where they are compressed, which no
// two libraries do alike, what Django's come to counts; judged by sameEncoding.
func ownEncode(_ *oracle, c fields) any {
	data, err := sessions.ParseData(c["json"].(string))
	if err != nil {
		return failed(err)
	}
	text := mustSigner(oracleKey, sessions.DefaultSalt).At(instant(oracleNow)).DumpsText(data.JSON(), true)
	return fields{"data": text, "back": data.JSON()}
}

func makePickleJSON(g *generator) fields {
	return pickleCase(g.jsonObject(3), pick(g, 4, 5))
}

// pickleCase also has Coatcheck's own pickle, for Python to read.
func pickleCase(text string, protocol int) fields {
	data, err := sessions.ParseData(text)
	if err != nil {
		panic(err)
	}
	own, err := data.Pickle(protocol)
	if err != nil {
		panic(err)
	}
	return fields{"json": text, "protocol": protocol, "claim": []byte(own)}
}

func ownPickle(_ *oracle, c fields) any {
	return fields{"pickle": c["claim"], "same": true}
}

// samePickle: CPython keeps one object for the empty string and for each string
// of one character of Latin-1, and a pickle names an object that it had before.
// Each side reads the same from the other's.
func samePickle(d difference) bool {
	theirs, _ := d.theirField("pickle").(string)
	raw, err := base64.StdEncoding.DecodeString(theirs)
	if err != nil || !d.sameBut("pickle") {
		return false
	}
	read, readOnly, err := sessions.ParsePickle(string(raw))
	own, _, ownErr := sessions.ParsePickle(string(d.c["claim"].([]byte)))
	return err == nil && ownErr == nil && readOnly == nil && read.JSON() == own.JSON()
}

func makeSigned(g *generator) fields {
	c := fields{
		"how": pick(g, "loads", "timestamp", "plain"), "key": pick(g, oracleKey, oracleKey, "another key"), "salt": pick(g, "s", "salt ü"),
		"max_age": pick[any](g, nil, nil, 0, 100, 1000, 2000), "now": float64(1700000000+g.IntN(3000)) + float64(g.IntN(4))/4, "claim": "",
	}
	salt := c["salt"].(string)
	switch c["how"] {
	case "loads":
		c["signed"] = signedText(g, salt)
	case "timestamp":
		c["signed"] = mustSigner(oracleKey, salt).At(time.Unix(1700000000, 0)).Sign(g.word(5))
	case "plain":
		s, err := signing.New(signing.Config{Key: oracleKey, Salt: salt})
		if err != nil {
			g.t.Fatal(err)
		}
		c["signed"] = s.Sign(g.word(5))
	}
	switch g.IntN(6) {
	case 0, 1:
		c["signed"] = g.mutate(c["signed"].(string), ":", "=", "_", ".")
	case 2:
		c["signed"] = g.corpus("signing", pick(g, "signer_bad", "loads_bad", "loads_rotten", "timestamp_rotten"), "input")
	}
	c["claim"], _ = signedAnswer(c)["text"].(string)
	return c
}

func ownSigned(_ *oracle, c fields) any { return signedAnswer(c) }

func signedAnswer(c fields) fields {
	s := mustSigner(c["key"].(string), c["salt"].(string)).At(instant(c["now"].(float64)))
	signed := c["signed"].(string)
	maxAge, limited := c["max_age"].(int)
	var text string
	var err error
	switch c["how"] {
	case "plain":
		plain, newErr := signing.New(signing.Config{Key: c["key"].(string), FallbackKeys: []string{oracleOldKey}, Salt: c["salt"].(string)})
		if newErr != nil {
			return failed(newErr)
		}
		text, err = plain.Unsign(signed)
	default:
		if limited {
			text, err = s.UnsignMaxAge(signed, time.Duration(maxAge)*time.Second)
		} else {
			text, _, err = s.Unsign(signed)
		}
		if c["how"] == "loads" && err == nil {
			if text, err = s.LoadsText(signed); err == nil {
				text, err = pyjson.Parse(text)
			}
		}
	}
	switch {
	case errors.Is(err, signing.ErrExpired):
		return fields{"error": "SignatureExpired"}
	case errors.Is(err, signing.ErrBadSignature):
		return fields{"error": "BadSignature"}
	case err != nil:
		return failed(err)
	case c["how"] == "loads":
		return fields{"text": text, "same": true}
	}
	return fields{"text": text}
}
