class Duck:
    pass
