package org.pgmigrator.decoder;

import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAnyPackage;
import static com.tngtech.archunit.core.domain.JavaModifier.FINAL;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.fields;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;

import com.tngtech.archunit.core.importer.ImportOption.DoNotIncludeTests;
import com.tngtech.archunit.junit.AnalyzeClasses;
import com.tngtech.archunit.junit.ArchTest;
import com.tngtech.archunit.lang.ArchRule;

@AnalyzeClasses(packages = "org.pgmigrator.decoder", importOptions = DoNotIncludeTests.class)
class ArchitectureTest {

    @ArchTest
    static final ArchRule decoderDependsOnTheJdkAndJspecifyOnly = classes()
            .should()
            .onlyDependOnClassesThat(resideInAnyPackage(
                    "org.pgmigrator.decoder",
                    "java.lang..",
                    "java.io",
                    "java.nio..",
                    "java.time..",
                    "java.util..",
                    "org.jspecify.annotations"))
            .because("the decoder is usable by itself; put what needs a library or another module into core.stream");

    @ArchTest
    static final ArchRule decoderIsQuiet = noClasses()
            .should()
            .dependOnClassesThat(resideInAnyPackage("java.util.logging", "org.slf4j.."))
            .orShould()
            .accessField(System.class, "out")
            .orShould()
            .accessField(System.class, "err")
            .because("a function of bytes has nothing to report but its result; say it in the DecodeException");

    @ArchTest
    static final ArchRule messagesAreImmutable = fields().that()
            .areDeclaredInClassesThat()
            .areNotAssignableTo(MessageReader.class)
            .should()
            .haveModifier(FINAL)
            .because("messages are handed from thread to thread; only MessageReader, used by one call, moves on");

    @ArchTest
    static final ArchRule recordsHoldNoArrays = fields().that()
            .areDeclaredInClassesThat()
            .areRecords()
            .should()
            .notHaveRawType(byte[].class)
            .andShould()
            .notHaveRawType(int[].class)
            .andShould()
            .notHaveRawType(long[].class)
            .because("a record would compare arrays by identity and hand them out; wrap them as Bytes or Tuple do");
}
