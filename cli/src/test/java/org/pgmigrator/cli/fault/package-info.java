/// What the whole program does when something goes wrong: signals, crashes, lost connections, huge transactions,
/// refusals.
///
/// Each test runs the real program as a process against real servers.
@NullMarked
package org.pgmigrator.cli.fault;

import org.jspecify.annotations.NullMarked;
