# METADATA
# title: All teams' rules in one question, as they stand without entry points of their own
package countersign.authz

import rego.v1

decision := {"allowed": allowed, "reasons": reasons, "labels": labels}

default allowed := false

allowed if {
	data.platform.guardrails.allowed
	count(data.platform.guardrails.refusals) == 0
	some_team
}

some_team if data.teams.orders.allowed

some_team if data.teams.payments.allowed

some_team if data.teams.people.allowed

some_team if data.teams.code.allowed

labels contains "orders" if data.teams.orders.allowed

labels contains "payments" if data.teams.payments.allowed

labels contains "people" if data.teams.people.allowed

labels contains "code" if data.teams.code.allowed

reasons contains reason if some reason in data.platform.guardrails.reasons

reasons contains reason if some reason in data.teams.orders.reasons

reasons contains reason if some reason in data.teams.payments.reasons

reasons contains reason if some reason in data.teams.people.reasons

reasons contains reason if some reason in data.teams.code.reasons
