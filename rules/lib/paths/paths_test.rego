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
