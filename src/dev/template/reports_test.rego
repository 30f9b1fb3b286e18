package countersign.reports_test

import data.countersign.reports

report(labels) := {"countersign": {"labels": labels}}

test_work_that_touched_nothing_may_report if {
	reports.decision.allowed with input as report([])
	reports.decision.allowed with input as report(["money"])
}

test_work_that_read_personal_data_may_not if {
	answer := reports.decision with input as report(["money", "pii"])
	answer.allowed == false
}
