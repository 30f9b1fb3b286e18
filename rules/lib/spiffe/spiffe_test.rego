package lib.spiffe_test

import data.lib.spiffe

test_an_id_matches_itself if {
	spiffe.matches("spiffe://example.org/ci", "spiffe://example.org/ci")
}

test_two_stars_name_everything_below if {
	spiffe.matches("spiffe://example.org/ci/build", "spiffe://example.org/ci/**")
	spiffe.matches("spiffe://example.org/ci/build/42", "spiffe://example.org/ci/**")
}

test_two_stars_keep_to_whole_segments if {
	not spiffe.matches("spiffe://example.org/cindy", "spiffe://example.org/ci/**")
	not spiffe.matches("spiffe://example.org/ci", "spiffe://example.org/ci/**")
}

test_another_trust_domain_never_matches if {
	not spiffe.matches("spiffe://example.com/ci/build", "spiffe://example.org/ci/**")
}

test_a_star_alone_is_no_pattern if {
	not spiffe.matches("spiffe://example.org/ci", "*")
	not spiffe.matches("spiffe://example.org/ci", "spiffe://example.org/*")
}

test_what_is_no_text_matches_nothing if {
	not spiffe.matches(null, "spiffe://example.org/**")
	not spiffe.matches("spiffe://example.org/ci", 7)
}
