# METADATA
# title: Headers
# description: >-
#   Questions about one header among `input.countersign.request.headers`, where each name has the list
#   of its values. A header that is sent twice is read by some servers as the first and by others as
#   the last, so these hold for exactly one value only. Names are written in lower case.
package lib.headers

# METADATA
# title: The only value of a header
one(headers, name) := values[0] if {
	values := headers[name]
	is_array(values)
	count(values) == 1
}

# METADATA
# title: The header is there once, with this value
is(headers, name, wanted) if {
	values := headers[name]
	is_array(values)
	count(values) == 1
	values[0] == wanted
}

# METADATA
# title: The header is there once, with one of these values
among(headers, name, wanted) if {
	values := headers[name]
	is_array(values)
	count(values) == 1
	values[0] in wanted
}

# METADATA
# title: The header is there, however often
present(headers, name) if is_array(headers[name])

# METADATA
# title: One of the headers begins so
# description: For families of headers, such as `impersonate-`.
any_begins(headers, start) if {
	is_object(headers)
	is_string(start)
	some name, _ in headers
	is_string(name)
	startswith(name, start)
}
