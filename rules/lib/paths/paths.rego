# METADATA
# title: Paths
# description: >-
#   Questions about the path of a request, by its decoded segments. A comparison by segments cannot
#   be talked round with encoded characters, and `/admin` does not cover `/administrators`.
package lib.paths

# METADATA
# title: The path is the one named, or lies below it
covers(path, segments) if {
	every i, segment in of(path) {
		at := i
		segments[at] == segment
	}
}

# METADATA
# title: The segments of a path as rules write it
of(path) := [] if {
	path == "/"
} else := split(trim(path, "/"), "/") if {
	is_string(path)
}

# METADATA
# title: The path is of this shape
# description: >-
#   `/repos/*/*/issues`: a star is one segment that is not empty, two stars at the end are anything
#   from there on, the end included. Stars inside a segment stand for themselves.
matches(pattern, segments) if {
	is_string(pattern)
	not endswith(pattern, "/**")
	is_array(segments)
	parts := split(trim_prefix(pattern, "/"), "/")
	count(parts) == count(segments)
	every i, part in parts {
		at := i
		part_matches(part, segments[at])
	}
}

matches(pattern, segments) if {
	is_string(pattern)
	endswith(pattern, "/**")
	pattern != "/**"
	is_array(segments)
	parts := split(trim_prefix(trim_suffix(pattern, "/**"), "/"), "/")
	count(parts) <= count(segments)
	every i, part in parts {
		at := i
		part_matches(part, segments[at])
	}
}

matches(pattern, segments) if {
	pattern == "/**"
	is_array(segments)
}

# METADATA
# title: The path is of one of these shapes
# description: The shapes are a list.
matches_any(patterns, segments) if {
	is_array(patterns)
	some pattern in patterns
	matches(pattern, segments)
}

# METADATA
# title: One part of a pattern and one segment
part_matches(part, segment) if {
	part == segment
	part != "*"
}

part_matches(part, segment) if {
	part == "*"
	is_string(segment)
	segment != ""
}
