package pages

import (
	"net/url"
	"strings"
	"testing"
	"unicode/utf8"
)

// FuzzBody holds that what is read from a body is text in UTF-8, no more than
// was sent and within the limits, and that a form that Go writes is read as it
// was.
func FuzzBody(f *testing.F) {
	const form, js = "application/x-www-form-urlencoded", "application/json"
	f.Add(form, "username=ada&password=a+b%26c&next=%2F")
	f.Add(form, "a=1;b=2&&=&%zz")
	f.Add(form+"; charset=utf-8", "x=%ff")
	f.Add(js, `{"username":"ada","password":"\ud83d\ude00\ud800","email":null,"x":[1,{"y":false}]}`)
	f.Add(js, `{"a":1,"a":"b"}`)
	f.Add("", "")
	f.Add("multipart/form-data", "x")
	f.Fuzz(func(t *testing.T, contentType, data string) {
		fields, err := parseBody(contentType, data)
		if err != nil {
			if fields != nil {
				t.Error("fields and an error")
			}
			return
		}
		if len(fields) > maxFields {
			t.Errorf("%d fields", len(fields))
		}
		size := 0
		for name, v := range fields {
			size += len(v.Text)
			if !utf8.ValidString(v.Text) || !strings.HasPrefix(contentType, js) && !utf8.ValidString(name) || v.notText && v.Text != "" {
				t.Errorf("%q: %+v", name, v)
			}
		}
		if size > len(data) {
			t.Errorf("%d bytes of %d", size, len(data))
		}
		values := url.Values{}
		for name, v := range fields {
			values.Set(name, v.Text)
		}
		again, err := parseBody(form, values.Encode())
		if err != nil || len(again) != len(fields) {
			t.Fatalf("%v, %d fields of %d", err, len(again), len(fields))
		}
		for name, v := range fields {
			if again[name].Text != v.Text {
				t.Errorf("%q: %q became %q", name, v.Text, again[name].Text)
			}
		}
	})
}
