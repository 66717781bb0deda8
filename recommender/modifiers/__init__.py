"""What composes with every strategy: wording, examples, evidence, thoughts, several orders, explanations."""
