"""What a reply was: usage, finish, refusal, cost; one Outcome a request."""
