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
		segments[i] == segment
	}
}

# METADATA
# title: The segments of a path as rules write it
of(path) := [] if {
	path == "/"
} else := split(trim(path, "/"), "/") if {
	is_string(path)
}
