package org.pgmigrator.core.uncarried;

class Unlogged17To17IT extends UnloggedCases {

    Unlogged17To17IT() {
        super(17, 17);
    }
}
