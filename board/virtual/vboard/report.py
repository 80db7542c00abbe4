"""Counts checks, and prints each as it comes."""


class Report:
    """Passed and failed checks."""

    def __init__(self):
        self.passed = 0
        self.failed = 0

    def ok(self, name):
        """A check that held."""
        self.passed += 1
        print(f"test {name} ... ok", flush=True)

    def fail(self, name, reason):
        """A check that did not hold."""
        self.failed += 1
        print(f"test {name} ... FAILED: {reason}", flush=True)

    def check(self, name, holds, reason):
        """Passes or fails a check; says whether it held."""
        if holds:
            self.ok(name)
        else:
            self.fail(name, reason)
        return holds

    def sum(self):
        """The last line, in the words of cargo's test programs; the exit code."""
        word = "FAILED" if self.failed else "ok"
        print(f"test result: {word}. {self.passed} passed; {self.failed} failed; 0 ignored")
        return 1 if self.failed or not self.passed else 0
