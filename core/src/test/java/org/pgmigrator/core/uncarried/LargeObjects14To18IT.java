package org.pgmigrator.core.uncarried;

class LargeObjects14To18IT extends LargeObjectCases {

    LargeObjects14To18IT() {
        super(14, 18);
    }
}
