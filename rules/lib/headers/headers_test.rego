package lib.headers_test

import data.lib.headers

sent := {
	"content-type": ["application/json"],
	"x-tag": ["a", "b"],
	"impersonate-user": ["admin"],
}

test_a_header_that_is_sent_once_has_a_value if {
	headers.one(sent, "content-type") == "application/json"
	headers.is(sent, "content-type", "application/json")
	headers.among(sent, "content-type", {"application/json", "text/plain"})
	headers.present(sent, "content-type")
}

test_a_header_that_is_sent_twice_has_none if {
	not headers.one(sent, "x-tag")
	not headers.is(sent, "x-tag", "a")
	not headers.is(sent, "x-tag", "b")
	not headers.among(sent, "x-tag", {"a", "b"})
	headers.present(sent, "x-tag")
}

test_a_header_that_is_not_sent_is_not_there if {
	not headers.one(sent, "accept")
	not headers.is(sent, "accept", null)
	not headers.present(sent, "accept")
}

test_a_family_of_headers_is_seen if {
	headers.any_begins(sent, "impersonate-")
	not headers.any_begins(sent, "authorization")
}

test_what_are_no_headers_have_none if {
	every value in [null, false, 5, "content-type", [], ["content-type"], {"content-type": "text/plain"}] {
		not headers.one(value, "content-type")
		not headers.is(value, "content-type", "text/plain")
		not headers.present(value, "content-type")
	}
	not headers.any_begins(null, "a")
	not headers.any_begins(["impersonate-user"], "impersonate-")
}
