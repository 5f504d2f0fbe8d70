/// A network between client and server that can fail on demand.
///
/// Owns: a TCP proxy on the loopback interface with its faults. Does not own: either end of the connection. Left
/// neighbour: `server`. Right neighbours: tests that break the network.
@NullMarked
package org.pgmigrator.sandbox.proxy;

import org.jspecify.annotations.NullMarked;
