package org.pgmigrator.core.uncarried;

class Unlogged15To17IT extends UnloggedCases {

    Unlogged15To17IT() {
        super(15, 17);
    }
}
