package org.pgmigrator.sandbox.compare;

/// When two sequences count as the same.
public enum SequenceRule {

    /// They are not looked at.
    IGNORED,

    /// Both give the same next value, and say the same about having been called.
    EQUAL,

    /// The right one's next value is not one that the left one has already given: it may be ahead, by a safety buffer.
    /// Cycling sequences have no ahead and pass.
    NOT_BEHIND,

    /// As [#NOT_BEHIND], but for the values that a crash lets the left one skip although nobody was given them: a
    /// sequence is logged 32 values ahead.
    NOT_BEHIND_BEFORE_A_CRASH
}
