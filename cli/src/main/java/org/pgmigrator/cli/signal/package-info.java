/// What Ctrl+C, TERM and HUP mean, press by press. The only place that touches `sun.misc.Signal`.
///
/// Owns: the handlers and the words shown when one arrives. Does not own: what is done then (`core.phase`).
/// Left neighbour: the operating system. Right neighbour: `core.control.OperatorControl`.
@NullMarked
package org.pgmigrator.cli.signal;

import org.jspecify.annotations.NullMarked;
