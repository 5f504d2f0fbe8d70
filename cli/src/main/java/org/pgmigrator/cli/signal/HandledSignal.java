package org.pgmigrator.cli.signal;

import java.lang.reflect.InvocationHandler;
import java.lang.reflect.Proxy;
import org.jspecify.annotations.Nullable;

/// One signal of the operating system, handled by us until it is closed. The only class that knows `sun.misc.Signal`.
///
/// By reflection: that class is in the supported module jdk.unsupported, but the compiler warns of every mention of it,
/// nothing silences that warning, and here warnings are errors.
final class HandledSignal implements AutoCloseable {

    private final Object signal;
    private final Object before;

    private HandledSignal(Object signal, Object before) {
        this.signal = signal;
        this.before = before;
    }

    /// From now on `action` runs, on a thread of its own, whenever the signal arrives.
    @SuppressWarnings("ReferenceEquality") // a proxy is equal to itself alone
    static HandledSignal take(String name, Runnable action) {
        InvocationHandler calls = (proxy, method, arguments) -> switch (method.getName()) {
            case "handle" -> run(action);
            case "equals" -> proxy == arguments[0];
            case "hashCode" -> System.identityHashCode(proxy);
            default -> "handler of " + name;
        };
        try {
            Class<?> handlerType = Class.forName("sun.misc.SignalHandler");
            Object handler =
                    Proxy.newProxyInstance(HandledSignal.class.getClassLoader(), new Class<?>[] {handlerType}, calls);
            Object signal = signalType().getConstructor(String.class).newInstance(name);
            return new HandledSignal(signal, handle(signal, handler));
        } catch (ReflectiveOperationException e) {
            throw new LinkageError("this Java cannot handle signal " + name, e);
        }
    }

    /// Whether the process was started with this signal ignored; Java then leaves it so.
    boolean isIgnored() {
        try {
            return before.equals(
                    Class.forName("sun.misc.SignalHandler").getField("SIG_IGN").get(null));
        } catch (ReflectiveOperationException e) {
            throw new LinkageError("sun.misc.SignalHandler has no SIG_IGN", e);
        }
    }

    /// Gives the signal back to who handled it before.
    @Override
    public void close() {
        try {
            handle(signal, before);
        } catch (ReflectiveOperationException e) {
            throw new LinkageError("a signal's handler cannot be given back", e);
        }
    }

    private static @Nullable Object run(Runnable action) {
        action.run();
        return null;
    }

    private static Object handle(Object signal, Object handler) throws ReflectiveOperationException {
        Class<?> handlerType = Class.forName("sun.misc.SignalHandler");
        return signalType().getMethod("handle", signalType(), handlerType).invoke(null, signal, handler);
    }

    private static Class<?> signalType() throws ClassNotFoundException {
        return Class.forName("sun.misc.Signal");
    }
}
