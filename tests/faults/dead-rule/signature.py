def check(request):
    return True
