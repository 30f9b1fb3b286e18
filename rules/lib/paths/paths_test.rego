package lib.paths_test

import data.lib.paths

test_a_path_covers_itself_and_what_lies_below if {
	paths.covers("/api/admin", ["api", "admin"])
	paths.covers("/api/admin", ["api", "admin", "users", "7"])
	paths.covers("/api/admin/", ["api", "admin", ""])
}

test_a_path_keeps_to_whole_segments if {
	not paths.covers("/api/admin", ["api", "administrators"])
	not paths.covers("/api/admin", ["api"])
	not paths.covers("/api/admin", [])
}

test_case_matters if not paths.covers("/api/admin", ["api", "Admin"])

test_the_root_covers_everything if {
	paths.covers("/", [])
	paths.covers("/", ["api"])
}

test_what_is_no_text_covers_nothing if {
	not paths.covers(null, ["api"])
	not paths.covers(["api"], ["api"])
}

test_a_star_is_one_segment if {
	paths.matches("/repos/*/*/issues", ["repos", "a", "b", "issues"])
	paths.matches("/orders/*", ["orders", "7"])
	not paths.matches("/orders/*", ["orders"])
	not paths.matches("/orders/*", ["orders", ""])
	not paths.matches("/orders/*", ["orders", "7", "lines"])
	not paths.matches("/orders/*", ["invoices", "7"])
}

test_two_stars_are_everything_from_there_on if {
	paths.matches("/orders/**", ["orders"])
	paths.matches("/orders/**", ["orders", "7", "lines"])
	paths.matches("/*/lines/**", ["orders", "lines", "1"])
	paths.matches("/**", [])
	paths.matches("/**", ["a", "b"])
	not paths.matches("/orders/**", ["orders2", "7"])
	not paths.matches("/orders/**", [])
}

test_a_trailing_slash_is_a_segment_of_its_own if {
	paths.matches("/orders/", ["orders", ""])
	not paths.matches("/orders/", ["orders"])
	not paths.matches("/orders", ["orders", ""])
}

test_stars_inside_a_segment_stand_for_themselves if {
	paths.matches("/a*", ["a*"])
	not paths.matches("/a*", ["ab"])
	paths.matches("/a/**/b", ["a", "**", "b"])
	not paths.matches("/a/**/b", ["a", "x", "b"])
}

test_one_of_several_shapes_is_enough if {
	paths.matches_any(["/a", "/b/*"], ["b", "1"])
	not paths.matches_any(["/a", "/b/*"], ["c"])
	not paths.matches_any([], ["a"])
}

test_what_is_no_text_or_no_path_matches_nothing if {
	every value in [null, false, 5, "abc", {}, {"0": "a"}] {
		not paths.matches("/a", value)
		not paths.matches("/*", value)
		not paths.matches("/**", value)
		not paths.matches(value, ["a"])
	}
	not paths.matches("/*", [null])
	not paths.matches("/*", [5])
	not paths.matches_any(null, ["a"])
}

test_segments_keep_their_order if {
	not paths.covers("/api/admin", ["admin", "api"])
	not paths.covers("/api/admin", ["x", "api", "admin"])
	not paths.matches("/a/b", ["b", "a"])
	not paths.matches("/a/b/**", ["b", "a", "c"])
}
