# METADATA
# title: What goes outside
# description: >-
#   The rule of one route. Work that has read personal data, over whatever route and by whichever
#   agent it was handed to, sends nothing outside any more.
package countersign.reports

# METADATA
# title: The answer
# entrypoint: true
decision := {
	"allowed": false,
	"reasons": [{
		"code": "personal_data_stays",
		"message": "This work has read personal data, so it may send nothing outside.",
	}],
} if {
	"pii" in input.countersign.labels
}

else := {"allowed": true}
