"""What goes on beside requests: learning, shadows, the LLM judge, what rules cost, what was spent."""
